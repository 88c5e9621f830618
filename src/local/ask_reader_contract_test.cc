// Questions to a malicious reading process.
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "local/ask_reader.h"
#include "os/local_socket.h"
#include "os/thread.h"
#include "wire/local_message.h"

namespace mailslot::local {
namespace {

using namespace std::chrono_literals;

// Answers each question for drops with a page that leads to a further page, for ever.
class Trap {
public:
    explicit Trap(bool with_rows) : with_rows_(with_rows) {
        std::string made = "/tmp/mailslot-trap-XXXXXX";
        EXPECT_NE(mkdtemp(made.data()), nullptr);
        folder_ = made;
        listener_ = os::listen_local(folder_ + "/sock", 0600).value();
        thread_ = std::thread([this] { serve(); });
    }
    ~Trap() {
        stop_.set();
        thread_.join();
        std::filesystem::remove_all(folder_);
    }
    SlotEntry entry() const { return {{"TRAP", "TRAP"}, folder_ + "/sock"}; }

private:
    void serve() {
        for (std::uint64_t page = 1;; ++page) {
            std::array<pollfd, 2> entries{
                {{listener_.number(), POLLIN, 0}, {os::to_number(stop_.fd()), POLLIN, 0}}};
            poll(entries.data(), entries.size(), -1);
            if (entries[1].revents != 0) return;
            const os::GuardedFd connection = os::accept_local(listener_);
            (void)os::receive_packet(connection.get(), std::chrono::steady_clock::now() + 10s);
            wire::LocalMessage answer{.op = wire::LocalOp::drop_page};
            answer.cursor = page;
            if (with_rows_) answer.drops.emplace_back(page, 1);
            (void)os::send_packet(connection.get(), wire::encode(answer));
        }
    }

    const bool with_rows_;
    std::string folder_;
    os::StopFlag stop_ = os::StopFlag::create().value();
    os::GuardedFd listener_;
    std::thread thread_;
};

TEST(AskForDrops, ends_at_a_page_that_brings_nothing) {
    const Trap trap(false);
    const auto drops = ask_for_drops(trap.entry());
    ASSERT_TRUE(drops);
    EXPECT_TRUE(drops->empty());
}

TEST(AskForDrops, ends_with_as_many_as_a_slot_remembers_or_when_the_time_is_over) {
    const Trap trap(true);
    const auto drops = ask_for_drops(trap.entry());
    const bool is_bounded = drops ? drops->size() == inbox::DropBook::kMostOrigins
                                  : drops.error().code == Errc::timed_out;
    EXPECT_TRUE(is_bounded);
    const auto none = ask_for_drops(trap.entry(), nullptr, std::chrono::steady_clock::now());
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, Errc::timed_out);
}

}  // namespace
}  // namespace mailslot::local
