// Readers die by kill -9: the name is free at once, and writers notice.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <vector>

#include "mailslot/mailslot.h"
#include "support/child.h"
#include "support/crash.h"
#include "support/machine.h"
#include "support/shared.h"
#include "support/size.h"
#include "support/stamp.h"

namespace mailslot::testing_process {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto kPromptly = 2s;
constexpr auto kPatience = 30s;  // reached only by a failed test
constexpr std::string_view kName = "CRASH";
constexpr std::array kSteps{"reader_copying", "reader_before_publish", "reader_left_block"};
constexpr std::uint32_t kKills = kIsSanitized ? 10 : 60;
constexpr std::uint32_t kWriters = 2;

struct Board {
    Tally readers, deaths_seen, ready, done;
    std::atomic<bool> stop{false};
};

// A reader's messages of a writer have gaps only where another reader had its turn.
void read_on(Board& board, std::uint32_t most) {
    const auto before = steady_clock::now();
    Reader reader = Reader::create(kName, {.max_bytes = 2 * 1024 * 1024}).value();
    EXPECT_LT(steady_clock::now() - before, kPromptly);
    board.readers.add();
    std::array<std::uint32_t, kWriters> last{};
    for (std::uint32_t i = 0; i < most; ++i) {
        const Message message = reader.get(kPatience).value();
        const auto stamp = read_stamp(message.text());
        ASSERT_TRUE(stamp) << "a message of " << message.size() << " bytes is damaged";
        std::uint32_t& seen = last[stamp->writer];
        ASSERT_TRUE(seen == 0 || stamp->number == seen + 1)
            << stamp->number << " after " << seen << " of writer " << stamp->writer;
        seen = stamp->number;
    }
}

// Puts each message until a reader has it. No put may take long.
void write_on(Board& board, std::uint32_t id) {
    ASSERT_TRUE(board.readers.await());
    auto opened = Writer::open(kName, {.wait_when_full = kPatience});
    while (!opened && !board.stop) opened = Writer::open(kName, {.wait_when_full = kPatience});
    ASSERT_TRUE(opened) << to_string(opened.error());
    Writer& writer = *opened;
    for (std::uint32_t number = 1; !board.stop; ++number) {
        const std::string message = stamped({id, number}, size_for({id, number}));
        for (;;) {
            const auto before = steady_clock::now();
            const auto put = writer.put(message);
            ASSERT_LT(steady_clock::now() - before, kPromptly);
            if (put) break;
            ASSERT_EQ(put.error().code, Errc::no_such_slot) << to_string(put.error());
            board.deaths_seen.add();
            if (board.stop) return;
        }
    }
}

class ReaderCrash : public testing::TestWithParam<const char*> {};

TEST_P(ReaderCrash, leaves_a_name_that_the_next_reader_has_at_once) {
    Machine::own();
    Shared<Board> board;
    std::vector<Child> writers;
    for (std::uint32_t id = 0; id < kWriters; ++id) {
        writers.push_back(Child::run([&board, id] { write_on(*board, id); }));
    }
    for (std::uint32_t i = 0; i < kKills; ++i) {
        Child reader = Child::run([&] {
            kill_at(GetParam(), 1 + i % 7);
            read_on(*board, 1'000'000);
        });
        ASSERT_EQ(reader.wait(), kKilled);
    }
    Child last = Child::run([&] { read_on(*board, 200); });
    EXPECT_EQ(last.wait(), 0);
    board->stop = true;
    for (Child& writer : writers) EXPECT_EQ(writer.wait(), 0);
    EXPECT_EQ(board->readers.count(), kKills + 1);
}

INSTANTIATE_TEST_SUITE_P(at, ReaderCrash, testing::ValuesIn(kSteps),
                         [](const auto& step) { return std::string(step.param); });

// --- While a writer waits

class Waiting : public testing::Test {
protected:
    Waiting() {
        Machine::own();
        reader_ = Child::run([this] {
            Reader reader = Reader::create(kName, {.max_messages = 1}).value();
            board_->readers.add();
            if (!board_->ready.await()) return;
            for (int i = 0; i < 2; ++i) ASSERT_TRUE(reader.get(kPatience));
            board_->done.add();
            EXPECT_FALSE(reader.get(kPatience));  // killed here
        });
        EXPECT_TRUE(board_->readers.await());
    }
    // Returns a writer that is about to sleep in the kernel.
    Child writer_that_waits_for(const char* what, Errc expected) {
        Child writer = Child::run([this, what, expected] {
            Writer end = Writer::open(kName, {.wait_when_full = kForever}).value();
            tell_at(what, board_->deaths_seen);
            const auto put = end.put("waits");
            ASSERT_FALSE(put);
            EXPECT_EQ(put.error().code, expected) << to_string(put.error());
        });
        EXPECT_TRUE(board_->deaths_seen.await());
        return writer;
    }
    void put(std::string_view text) {
        Writer writer = Writer::open(kName, {.wait_when_full = kPatience}).value();
        const auto before = steady_clock::now();
        const auto done = writer.put(text);
        ASSERT_TRUE(done) << to_string(done.error());
        EXPECT_LT(steady_clock::now() - before, kPromptly);
    }
    // Returns a writer that is stopped with the lock held.
    Child stopped_writer() {
        Child writer = Child::run([] {
            Writer end = Writer::open(kName, {.wait_when_full = kPatience}).value();
            stop_at("locked");
            const auto put = end.put("stopped");
            ASSERT_TRUE(put) << to_string(put.error());
        });
        writer.await_stopped();
        return writer;
    }

    Shared<Board> board_;
    Child reader_;
};

TEST_F(Waiting, a_writer_that_waits_for_room_hears_of_the_readers_death) {
    put("fills the slot");
    Child writer = writer_that_waits_for("waiting_for_room", Errc::no_such_slot);
    const auto killed = steady_clock::now();
    reader_.kill_and_wait();
    EXPECT_EQ(writer.wait(), 0);
    EXPECT_LT(steady_clock::now() - killed, kPromptly);
}

TEST_F(Waiting, a_writer_that_waits_for_the_lock_hears_of_the_readers_death) {
    Child stopped = stopped_writer();
    Child writer = writer_that_waits_for("waiting_for_lock", Errc::no_such_slot);
    reader_.kill_and_wait();
    EXPECT_EQ(writer.wait(), 0);
}

TEST_F(Waiting, a_writer_killed_while_it_waits_for_room_harms_nobody) {
    put("one");
    Child writer = writer_that_waits_for("waiting_for_room", Errc::closed);
    EXPECT_EQ(writer.kill_and_wait(), kKilled);
    board_->ready.add();
    put("two");
    EXPECT_TRUE(board_->done.await());
}

TEST_F(Waiting, a_writer_killed_while_it_waits_for_the_lock_harms_nobody) {
    Child stopped = stopped_writer();
    Child writer = writer_that_waits_for("waiting_for_lock", Errc::closed);
    EXPECT_EQ(writer.kill_and_wait(), kKilled);
    board_->ready.add();
    stopped.signal(SIGCONT);
    EXPECT_EQ(stopped.wait(), 0);
    put("two");
    EXPECT_TRUE(board_->done.await());
}

TEST_F(Waiting, a_stopped_writer_lets_others_time_out_and_goes_on_later) {
    Child stopped = stopped_writer();
    Writer other = Writer::open(kName).value();
    const auto before = steady_clock::now();
    const auto refused = other.put("too early");
    const auto waited = steady_clock::now() - before;
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::timed_out);
    EXPECT_GE(waited, 1s);
    EXPECT_LT(waited, 3s);
    board_->ready.add();
    stopped.signal(SIGCONT);
    EXPECT_EQ(stopped.wait(), 0);
    put("two");
    EXPECT_TRUE(board_->done.await());
}

TEST_F(Waiting, a_stopped_writer_that_is_killed_gives_the_lock_back) {
    Child stopped = stopped_writer();
    EXPECT_EQ(stopped.kill_and_wait(), kKilled);
    board_->ready.add();
    put("one");
    put("two");
    EXPECT_TRUE(board_->done.await());
}

}  // namespace
}  // namespace mailslot::testing_process
