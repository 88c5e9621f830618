// The post office of a machine, with processes that die and hostile writers.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <vector>

#include "mailslot/mailslot.h"
#include "support/child.h"
#include "support/intruder.h"
#include "support/machine.h"
#include "support/shared.h"

namespace mailslot::testing_process {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::uint32_t kReaders = 3;
constexpr auto kTakenOver = 1s;
constexpr auto kPatience = 30s;

struct Board {
    std::array<Tally, kReaders> ready, got;
    Tally forked, never;
    std::atomic<bool> stop{false};
};

std::string name_of(std::uint32_t i) { return "SLOT" + std::to_string(i); }

class Network : public testing::Test {
protected:
    // A process that reads until it is killed.
    Child reader(std::uint32_t i, bool forks) {
        Child child = Child::run([this, i, forks] {
            here_.enter();
            Reader reader = Reader::create(name_of(i)).value();
            ASSERT_FALSE(reader.network_error()) << to_string(*reader.network_error());
            if (forks && fork() == 0) {
                board_->forked.add();
                board_->never.await();
                _exit(0);
            }
            board_->ready[i].add();
            while (reader.get(kPatience)) board_->got[i].add();
        });
        EXPECT_TRUE(board_->ready[i].await());
        return child;
    }
    // Writes to all slots again and again, from another machine.
    void write_on() {
        there_.enter();
        std::vector<Writer> writers;
        for (std::uint32_t i = 0; i < kReaders; ++i) {
            writers.push_back(Writer::open(here_.address_of(name_of(i))).value());
        }
        while (!board_->stop) {
            for (Writer& writer : writers) ASSERT_TRUE(writer.put("from afar"));
            board_->never.await_a_moment(1);
        }
    }
    bool await_one_more(std::uint32_t i) {
        return board_->got[i].await(board_->got[i].count() + 1);
    }

    const Machine here_{"here"};
    const Machine there_ = Machine::neighbour_of(here_, "there");
    Shared<Board> board_;
};

class Takeover : public Network, public testing::WithParamInterface<bool> {};

// With and without a child of the office that lives on with inherited descriptors.
TEST_P(Takeover, survivors_hear_the_network_again_within_a_second) {
    there_.knows(here_);
    std::vector<Child> readers;
    for (std::uint32_t i = 0; i < kReaders; ++i) readers.push_back(reader(i, GetParam() && i == 0));
    Child writing = Child::run([this] { write_on(); });
    for (std::uint32_t i = 0; i < kReaders; ++i) ASSERT_TRUE(await_one_more(i));

    // The first reader is the office. After its death another reader is.
    for (std::uint32_t dead = 0; dead + 1 < kReaders; ++dead) {
        readers[dead].kill_and_wait();
        const auto killed = steady_clock::now();
        for (std::uint32_t i = dead + 1; i < kReaders; ++i) EXPECT_TRUE(await_one_more(i));
        EXPECT_LT(steady_clock::now() - killed, kTakenOver);
    }
    board_->stop = true;
    EXPECT_EQ(writing.wait(), 0);
    board_->never.add();
}

INSTANTIATE_TEST_SUITE_P(from, Takeover, testing::Bool(), [](const auto& forked) {
    return std::string(forked.param ? "an_office_that_forked" : "an_office");
});

// Asks the first reader's process, which is the office, about the second reader's slot.
TEST_F(Network, tells_any_process_here_whom_a_slot_has_heard) {
    there_.knows(here_);
    const Child first = reader(0, false), second = reader(1, false);
    Child writing = Child::run([this] {
        there_.enter();
        Writer writer = Writer::open(here_.address_of(name_of(1))).value();
        for (int i = 0; i < 3; ++i) ASSERT_TRUE(writer.put("from afar"));
    });
    EXPECT_EQ(writing.wait(), 0);
    ASSERT_TRUE(board_->got[1].await(3));
    Child asking = Child::run([this] {
        here_.enter();
        const auto heard = senders(name_of(1));
        ASSERT_TRUE(heard) << to_string(heard.error());
        ASSERT_EQ(heard->size(), 1u);
        EXPECT_EQ(heard->front().from_host, "there");
        EXPECT_EQ(heard->front().received, 3u);
        EXPECT_EQ(heard->front().lost.total(), 0u);
        EXPECT_LT(std::chrono::system_clock::now() - heard->front().last_heard, kPatience);
        EXPECT_TRUE(senders(name_of(0)).value().empty());
        EXPECT_EQ(senders("NOBODY").error().code, Errc::no_such_slot);
    });
    EXPECT_EQ(asking.wait(), 0);
}

// A writer that holds a slot's lock for ever must not cut the other slots off from the network.
TEST_F(Network, reaches_a_slot_while_another_ones_lock_is_held) {
    there_.knows(here_);
    Child held = reader(0, false), free = reader(1, false);
    Child intruding = Child::run([this] {
        auto intruder = Intruder::attach(here_, name_of(0));
        ASSERT_TRUE(intruder) << to_string(intruder.error());
        intruder->header().lock = intruder->number();
        board_->forked.add();
        board_->never.await();
    });
    ASSERT_TRUE(board_->forked.await());
    Child writing = Child::run([this] {
        there_.enter();
        Writer to_held = Writer::open(here_.address_of(name_of(0))).value();
        Writer to_free = Writer::open(here_.address_of(name_of(1))).value();
        for (int i = 0; i < 30; ++i) ASSERT_TRUE(to_held.put("waits for its lock"));
        const auto sent = steady_clock::now();
        ASSERT_TRUE(to_free.put("goes past"));
        EXPECT_TRUE(board_->got[1].await());
        EXPECT_LT(steady_clock::now() - sent, kTakenOver);
        EXPECT_EQ(board_->got[0].count(), 0u);
        board_->ready[0].add();
        while (board_->got[0].count() == 0) {
            ASSERT_TRUE(to_held.put("again"));
            board_->got[0].await_a_moment(1);
        }
    });
    EXPECT_TRUE(board_->ready[0].await(2));
    intruding.kill_and_wait();
    // After the holder's death the slot hears the network again.
    EXPECT_TRUE(board_->got[0].await());
    EXPECT_EQ(writing.wait(), 0);
}

}  // namespace
}  // namespace mailslot::testing_process
