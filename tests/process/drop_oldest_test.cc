// Slots that drop their oldest messages: exact, even if processes are slow, stopped or killed.
// docs/inbox.md section 9.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <csignal>
#include <string_view>
#include <thread>
#include <vector>

#include "local/local_writer.h"
#include "mailslot/mailslot.h"
#include "support/child.h"
#include "support/crash.h"
#include "support/intruder.h"
#include "support/machine.h"
#include "support/shared.h"
#include "support/size.h"
#include "support/stamp.h"

namespace mailslot::testing_process {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::string_view kName = "NEWEST";
constexpr auto kPromptly = 2s;
constexpr auto kPatience = 30s;  // reached only by a failed test
constexpr std::uint32_t kWriters = 3;
constexpr std::uint32_t kEach = kIsSanitized ? 3000 : 30'000;
constexpr std::uint32_t kEnd = kWriters;  // the writer whose message ends the reading
constexpr SlotOptions kSmall{.max_messages = 20, .when_full = WhenFull::drop_oldest};

struct Board {
    Tally ready, done, go, readers;
    std::atomic<bool> stop{false};
};

// Every gap in a writer's messages is reported by the next message. Returns the sum of the reports.
std::uint64_t read_until_end(Reader& reader, std::array<std::uint32_t, kWriters + 1>& last) {
    std::uint64_t told = 0;
    Message message;
    while (reader.get_into(message, kPatience)) {
        const auto stamp = read_stamp(message.text());
        EXPECT_TRUE(stamp) << "a message of " << message.size() << " bytes is damaged";
        if (!stamp) break;
        EXPECT_EQ(stamp->number, last[stamp->writer] + 1 + message.lost_before())
            << "of writer " << stamp->writer;
        last[stamp->writer] = stamp->number;
        told += message.lost_before();
        if (stamp->writer == kEnd || testing::Test::HasFailure()) break;
    }
    return told;
}

TEST(DropOldest, refuses_nobody_while_the_reader_is_slow_and_counts_exactly) {
    Machine::own();
    for (const SlotOptions& options :
         {kSmall, SlotOptions{.max_messages = 1, .when_full = WhenFull::drop_oldest},
          SlotOptions{.max_bytes = 300'000, .when_full = WhenFull::drop_oldest}}) {
        SCOPED_TRACE(options.max_messages);
        Shared<Board> board;
        Child reading = Child::run([&] {
            Reader reader = Reader::create(kName, options).value();
            board->ready.add();
            // Slow enough for messages to be dropped.
            const auto patience_ends = steady_clock::now() + kPatience;
            while (reader.info().lost.dropped_oldest == 0 && steady_clock::now() < patience_ends) {
                std::this_thread::yield();
            }
            std::array<std::uint32_t, kWriters + 1> last{};
            const std::uint64_t told = read_until_end(reader, last);
            EXPECT_TRUE(reader.empty());
            const SlotInfo info = reader.info();
            EXPECT_EQ(info.lost.total(), info.lost.dropped_oldest);
            EXPECT_EQ(info.received, std::uint64_t{kWriters} * kEach + kWriters + 1);
            EXPECT_EQ(told, info.lost.dropped_oldest);
            EXPECT_GT(told, 0u);
        });
        ASSERT_TRUE(board->ready.await());
        const auto write = [&](std::uint32_t id) {
            Writer writer = Writer::open(kName).value();
            for (std::uint32_t number = 1; number <= kEach; ++number) {
                const Stamp stamp{id, number};
                const auto put = writer.put(stamped(stamp, size_for(stamp)));
                ASSERT_TRUE(put) << to_string(put.error()) << " at " << number;
            }
            board->done.add();
            // After the last drop, a message that reports the drops.
            ASSERT_TRUE(board->go.await(id + 1));
            ASSERT_TRUE(writer.put(stamped({id, kEach + 1}, 0)));
        };
        std::vector<Child> writing;
        for (std::uint32_t id = 0; id < kWriters; ++id) {
            writing.push_back(Child::run([&, id] { write(id); }));
        }
        ASSERT_TRUE(board->done.await(kWriters));
        for (Child& child : writing) {
            while (mailslot::info(kName).value().messages > 0 && !HasFailure()) {
                std::this_thread::yield();
            }
            board->go.add();
            EXPECT_EQ(child.wait(), 0);
        }
        while (mailslot::info(kName).value().messages > 0) std::this_thread::yield();
        ASSERT_TRUE(Writer::open(kName).value().put(stamped({kEnd, 1}, 0)));
        EXPECT_EQ(reading.wait(), 0);
    }
}

TEST(DropOldest, leaves_the_newest_for_a_reader_that_comes_late) {
    Machine::own();
    for (const std::size_t kept : {1, 10, 1000}) {
        Reader reader =
            Reader::create(kName, {.max_messages = kept, .when_full = WhenFull::drop_oldest})
                .value();
        Writer writer = Writer::open(kName).value();
        constexpr std::uint64_t kAll = 20'000;
        for (std::uint64_t i = 1; i <= kAll; ++i) ASSERT_TRUE(writer.put(std::to_string(i)));
        // Without any get or put: the station does it alone.
        const auto deadline = steady_clock::now() + kPatience;
        while (reader.qsize() > kept && steady_clock::now() < deadline) std::this_thread::yield();
        ASSERT_EQ(reader.qsize(), kept);
        EXPECT_EQ(reader.info().lost.dropped_oldest, kAll - kept);
        for (std::uint64_t i = kAll - kept + 1; i <= kAll; ++i) {
            const Message message = reader.get(0ms).value();
            ASSERT_EQ(message.text(), std::to_string(i));
            EXPECT_EQ(message.lost_before(), i == kAll - kept + 1 ? kAll - kept : 0);
        }
    }
}

TEST(DropOldest, a_message_larger_than_the_reserve_is_waited_for_shortly_and_goes_in) {
    Machine::own();
    Shared<Board> board;
    constexpr std::size_t kBig = 5'000'000;
    Child reading = Child::run([&] {
        Reader reader =
            Reader::create(kName, {.max_bytes = 12'000'000, .when_full = WhenFull::drop_oldest})
                .value();
        board->ready.add();
        ASSERT_TRUE(board->done.await());
        const SlotInfo info = reader.info();
        EXPECT_EQ(info.lost.slot_full, 0u);
        EXPECT_EQ(info.received, 50u);
        // Two large messages fit. A writer that asks for room again, as the reader was late, may get
        // more room than is needed.
        EXPECT_GE(info.lost.dropped_oldest, 48u);
        EXPECT_LE(info.lost.dropped_oldest, 49u);
        EXPECT_EQ(reader.get(0ms).value().lost_before(), info.lost.dropped_oldest);
    });
    ASSERT_TRUE(board->ready.await());
    Writer writer = Writer::open(kName).value();
    const std::string big(kBig, 'b');
    for (int i = 0; i < 50; ++i) {
        const auto put = writer.put(big);
        ASSERT_TRUE(put) << to_string(put.error()) << " at " << i;
    }
    board->done.add();
    EXPECT_EQ(reading.wait(), 0);
}

// --- Stopped

class StoppedReader : public testing::Test {
protected:
    StoppedReader() {
        Machine::own();
        reading_ = Child::run([this] {
            Reader reader = Reader::create(kName, kSmall).value();
            board_->ready.add();
            if (!board_->go.await()) return;
            while (reader.qsize() > kSmall.max_messages) std::this_thread::yield();
            lost_->store(reader.info().lost.slot_full);
            dropped_->store(reader.info().lost.dropped_oldest);
            board_->done.add();
            (void)board_->readers.await();  // killed here
        });
        EXPECT_TRUE(board_->ready.await());
    }
    // Returns how many messages went in until one was refused, after a short wait.
    std::uint64_t fill(Writer& writer) {
        for (std::uint64_t i = 0;; ++i) {
            const auto before = steady_clock::now();
            const auto put = writer.put("x");
            const auto took = steady_clock::now() - before;
            if (put) continue;
            EXPECT_EQ(put.error().code, Errc::slot_full) << to_string(put.error());
            EXPECT_GE(took, local::kRoomPatience);
            EXPECT_LT(took, kPromptly);
            return i;
        }
    }
    void stop() {
        reading_.signal(SIGSTOP);
        reading_.await_stopped();
    }

    Shared<Board> board_;
    Shared<std::atomic<std::uint64_t>> lost_, dropped_;
    Child reading_;
};

TEST_F(StoppedReader, keeps_the_old_ones_and_refuses_after_a_short_wait) {
    Writer writer = Writer::open(kName, {.wait_when_full = kForever}).value();
    stop();
    const std::uint64_t in_it = fill(writer);
    EXPECT_GT(in_it, kSmall.max_messages);
    // The next put does not wait again.
    const auto before = steady_clock::now();
    EXPECT_EQ(writer.put("y").error().code, Errc::slot_full);
    EXPECT_LT(steady_clock::now() - before, local::kRoomPatience);
    reading_.signal(SIGCONT);
    board_->go.add();
    ASSERT_TRUE(board_->done.await());
    EXPECT_EQ(lost_->load(), 2u);
    EXPECT_EQ(dropped_->load(), in_it - kSmall.max_messages);
    const auto again = writer.put("goes in");
    EXPECT_TRUE(again) << to_string(again.error());
}

TEST_F(StoppedReader, refuses_a_batch_where_the_room_ends_and_counts_what_was_said) {
    Writer writer = Writer::open(kName).value();
    stop();
    const std::vector<std::string_view> batch(10'000, "x");
    const auto taken = writer.put_many(batch);
    ASSERT_TRUE(taken) << to_string(taken.error());
    EXPECT_GT(*taken, kSmall.max_messages);
    EXPECT_LT(*taken, batch.size());
    EXPECT_EQ(writer.put_many(batch).error().code, Errc::slot_full);  // counts as a single refusal
    reading_.signal(SIGCONT);
    board_->go.add();
    ASSERT_TRUE(board_->done.await());
    EXPECT_EQ(lost_->load(), 1u);
    EXPECT_EQ(dropped_->load(), *taken - kSmall.max_messages);
}

TEST_F(StoppedReader, a_writer_killed_while_it_waits_takes_nothing_along) {
    Writer other = Writer::open(kName).value();
    Shared<Board> told;
    Child victim = Child::run([&] {
        Writer writer = Writer::open(kName).value();
        told->ready.add();
        ASSERT_TRUE(told->go.await());
        kill_at("waiting_for_room");
        while (true) (void)writer.put("v");
    });
    ASSERT_TRUE(told->ready.await());
    stop();
    const std::uint64_t in_it = fill(other);
    told->go.add();
    EXPECT_EQ(victim.wait(), kKilled);
    reading_.signal(SIGCONT);
    board_->go.add();
    ASSERT_TRUE(board_->done.await());
    EXPECT_EQ(dropped_->load(), in_it - kSmall.max_messages);
    const auto again = other.put("goes in");
    EXPECT_TRUE(again) << to_string(again.error());
}

TEST_F(StoppedReader, whose_death_is_heard_by_who_waits) {
    Shared<Board> told;
    Child waiting = Child::run([&] {
        Writer writer = Writer::open(kName).value();
        told->readers.add();
        ASSERT_TRUE(told->go.await());
        tell_at("waiting_for_room", told->ready);
        for (;;) {
            const auto put = writer.put("x");
            if (put || put.error().code == Errc::slot_full) continue;
            EXPECT_EQ(put.error().code, Errc::no_such_slot) << to_string(put.error());
            return;
        }
    });
    ASSERT_TRUE(told->readers.await());
    stop();
    told->go.add();
    ASSERT_TRUE(told->ready.await());
    reading_.kill_and_wait();
    EXPECT_EQ(waiting.wait(), 0);
}

// --- Killed

TEST(DropOldest, a_writer_killed_before_it_asks_is_not_missed) {
    const Machine& machine = Machine::own();
    Shared<Board> board;
    constexpr int kKills = kIsSanitized ? 5 : 40;
    Child reading = Child::run([&] {
        Reader reader = Reader::create(kName, kSmall).value();
        board->ready.add();
        for (std::uint32_t round = 1; round <= kKills; ++round) {
            ASSERT_TRUE(board->done.await(round));
            const auto deadline = steady_clock::now() + kPatience;
            while (reader.qsize() > kSmall.max_messages) ASSERT_LT(steady_clock::now(), deadline);
            board->go.add();
        }
        EXPECT_EQ(reader.info().received,
                  reader.info().lost.dropped_oldest + reader.info().messages);
    });
    ASSERT_TRUE(board->ready.await());
    Writer other = Writer::open(kName).value();
    const auto onlooker = Intruder::attach(machine, std::string(kName));
    ASSERT_TRUE(onlooker) << to_string(onlooker.error());
    for (std::uint32_t round = 1; round <= kKills; ++round) {
        // While the station looks by itself, every 2 ms, a slow writer never has to ask. When the
        // station answers, it is not in the middle of a look.
        const auto deadline = steady_clock::now() + kPatience;
        do {
            ASSERT_LT(steady_clock::now(), deadline);
            ASSERT_TRUE(mailslot::info(kName));
        } while (onlooker->header().room_asked != 0);
        Child victim = Child::run([&] {
            kill_at("room_asked");
            Writer writer = Writer::open(kName).value();
            for (std::size_t i = 0; i <= kSmall.max_messages; ++i) (void)writer.put("v");
        });
        ASSERT_EQ(victim.wait(), kKilled);
        for (int i = 0; i < 30; ++i) {
            const auto put = other.put("o");
            ASSERT_TRUE(put) << to_string(put.error());
        }
        board->done.add();
        ASSERT_TRUE(board->go.await(round));
    }
    EXPECT_EQ(reading.wait(), 0);
}

TEST(DropOldest, a_reader_killed_while_it_makes_room_leaves_its_name_to_the_next) {
    Machine::own();
    Shared<Board> board;
    constexpr std::uint32_t kKills = kIsSanitized ? 5 : 30;
    std::vector<Child> writers;
    for (std::uint32_t id = 0; id < 2; ++id) {
        writers.push_back(Child::run([&board, id] {
            ASSERT_TRUE(board->readers.await());
            auto writer = Writer::open(kName);
            for (std::uint32_t number = 1; !board->stop; ++number) {
                while (!writer && !board->stop) writer = Writer::open(kName);
                if (!writer) return;
                const std::string message = stamped({id, number}, size_for({id, number}));
                const auto before = steady_clock::now();
                const auto put = writer->put(message);
                ASSERT_LT(steady_clock::now() - before, kPromptly);
                ASSERT_TRUE(put || put.error().code == Errc::no_such_slot ||
                            put.error().code == Errc::slot_full)
                    << to_string(put.error());
            }
        }));
    }
    for (std::uint32_t i = 0; i < kKills; ++i) {
        Child dying = Child::run([&] {
            kill_at("reader_making_room", 1 + i * 37);
            const Reader reader = Reader::create(kName, kSmall).value();
            board->readers.add();
            (void)board->done.await();  // never: only the station is at work
        });
        ASSERT_EQ(dying.wait(), kKilled);
    }
    Reader last = Reader::create(kName, kSmall).value();
    std::array<std::uint32_t, 2> seen{};
    for (int i = 0; i < 200; ++i) {
        const Message message = last.get(kPatience).value();
        const auto stamp = read_stamp(message.text());
        ASSERT_TRUE(stamp);
        std::uint32_t& number = seen[stamp->writer];
        ASSERT_TRUE(number == 0 || stamp->number >= number + 1 + message.lost_before());
        number = stamp->number;
    }
    board->stop = true;
    for (Child& writer : writers) EXPECT_EQ(writer.wait(), 0);
}

// --- Hostile

TEST(DropOldest, words_forged_in_its_memory_keep_no_writer_out) {
    const Machine& machine = Machine::own();
    Shared<Board> board;
    Child reading = Child::run([&] {
        Reader reader = Reader::create(kName, kSmall).value();
        board->ready.add();
        ASSERT_TRUE(board->done.await());
        EXPECT_EQ(reader.info().lost.slot_full, 0u);
    });
    ASSERT_TRUE(board->ready.await());
    Child intruding = Child::run([&] {
        auto intruder = Intruder::attach(machine, std::string(kName));
        ASSERT_TRUE(intruder) << to_string(intruder.error());
        board->readers.add();
        for (std::uint32_t i = 0; !board->stop; ++i) {
            intruder->header().room_asked = i / 1'000'000 % 2 == 0 ? inbox::kRoomIsUrgent : 0;
        }
    });
    ASSERT_TRUE(board->readers.await());
    Writer writer = Writer::open(kName).value();
    for (int i = 0; i < 50'000; ++i) {
        const auto put = writer.put("honest");
        ASSERT_TRUE(put) << to_string(put.error());
    }
    board->stop = true;
    EXPECT_EQ(intruding.wait(), 0);
    board->done.add();
    EXPECT_EQ(reading.wait(), 0);
}

TEST(DropOldest, a_slot_that_refuses_drops_nothing_whoever_asks) {
    const Machine& machine = Machine::own();
    Shared<Board> board;
    Child reading = Child::run([&] {
        Reader reader = Reader::create(kName, {.max_messages = 20}).value();
        board->ready.add();
        ASSERT_TRUE(board->done.await());
        EXPECT_EQ(reader.qsize(), 20u);
        EXPECT_EQ(reader.info().lost.total(), 1u);
        EXPECT_EQ(reader.info().lost.slot_full, 1u);
    });
    ASSERT_TRUE(board->ready.await());
    Writer writer = Writer::open(kName).value();
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(writer.put("x"));
    Child intruding = Child::run([&] {
        auto intruder = Intruder::attach(machine, std::string(kName));
        ASSERT_TRUE(intruder) << to_string(intruder.error());
        for (int i = 0; i < 1000; ++i) intruder->ask_for_room(1);
    });
    EXPECT_EQ(intruding.wait(), 0);
    EXPECT_EQ(writer.put("x").error().code, Errc::slot_full);
    ASSERT_TRUE(mailslot::info(kName));  // answered after all of that
    board->done.add();
    EXPECT_EQ(reading.wait(), 0);
}

}  // namespace
}  // namespace mailslot::testing_process
