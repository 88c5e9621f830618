// The post office takes short turns of the processor in a stream, and only then:
// docs/office.md, "Turns".
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "mailslot/mailslot.h"
#include "os/thread.h"
#include "support/child.h"
#include "support/machine.h"
#include "support/shared.h"

namespace mailslot::testing_process {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr auto kPatience = 30s;
constexpr std::uint32_t kStream = 400;  // in some 30 datagrams, which leave together

struct Board {
    Tally ready, got, go, never;
};

// Calls sched_getattr(2). The turn is the sixth field, at byte 24. Returns 0 if there is no
// such thread.
nanoseconds turn_of(pid_t thread) {
    std::array<std::byte, 48> attributes{};
    if (syscall(SYS_sched_getattr, thread, attributes.data(), attributes.size(), 0) != 0) return {};
    std::uint64_t runtime = 0;
    std::memcpy(&runtime, attributes.data() + 24, sizeof runtime);
    return nanoseconds(runtime);
}

pid_t station_of(pid_t process) {
    const std::string tasks = "/proc/" + std::to_string(process) + "/task";
    for (const auto& task : std::filesystem::directory_iterator(tasks)) {
        std::string name;
        std::getline(std::ifstream(task.path() / "comm"), name);
        if (name == "mailslot") return std::stoi(task.path().filename().string());
    }
    ADD_FAILURE() << "no station in " << process;
    return -1;
}

bool becomes(pid_t thread, nanoseconds turn) {
    const auto deadline = steady_clock::now() + kPatience;
    for (;;) {
        const nanoseconds now = turn_of(thread);
        if (now == turn) return true;
        if (now == 0ns || steady_clock::now() > deadline) return false;
    }
}

TEST(Turns, are_short_in_a_stream_alone) {
    os::ShortTurns here_too(100us);
    here_too.begin();
    if (!here_too.are_on()) GTEST_SKIP() << "this system has no short turns";
    here_too.end();

    const Machine here{"here"};
    const Machine there = Machine::neighbour_of(here, "there");
    there.knows(here);
    Shared<Board> board;
    Child reading = Child::run([&] {
        here.enter();
        Reader reader = Reader::create("IN").value();
        ASSERT_FALSE(reader.network_error());
        board->ready.add();
        for (std::uint32_t i = 0; i <= kStream; ++i) {
            ASSERT_TRUE(reader.get(kPatience));
            board->got.add();
        }
        (void)board->never.await();
    });
    ASSERT_TRUE(board->ready.await());
    Child writing = Child::run([&] {
        there.enter();
        Writer writer = Writer::open(here.address_of("IN")).value();
        ASSERT_TRUE(board->go.await(1));
        const std::string text(100, 'x');
        const std::vector<std::string_view> stream(kStream, text);
        ASSERT_EQ(writer.put_many(stream).value(), kStream);
        ASSERT_TRUE(board->go.await(2));
        ASSERT_TRUE(writer.put("a lone one"));
        // Closing now would send the end mark, which might arrive together with the lone message.
        (void)board->never.await();
    });
    const pid_t station = station_of(reading.pid());
    const nanoseconds usual = turn_of(station);
    EXPECT_GT(usual, nanoseconds(100us));
    board->go.add();
    ASSERT_TRUE(board->got.await(kStream));
    EXPECT_TRUE(becomes(station, 100us));
    board->go.add();
    ASSERT_TRUE(board->got.await(kStream + 1));
    EXPECT_TRUE(becomes(station, usual));
    board->never.add();
    EXPECT_EQ(writing.wait(), 0);
    EXPECT_EQ(reading.wait(), 0);
}

}  // namespace
}  // namespace mailslot::testing_process
