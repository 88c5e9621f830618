// Attacks by a writer with direct access to the slot's memory: docs/inbox.md section 7.
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <iostream>
#include <thread>
#include <vector>

#include "inbox/inbox_writer.h"
#include "mailslot/mailslot.h"
#include "support/child.h"
#include "support/intruder.h"
#include "support/machine.h"
#include "support/shared.h"
#include "support/size.h"

namespace mailslot {
static void PrintTo(WhenFull policy, std::ostream* out) {
    *out << (policy == WhenFull::refuse ? "refuse" : "drop_oldest");
}
}  // namespace mailslot

namespace mailslot::testing_process {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::string_view kName = "VICTIM";
constexpr auto kBounded = 3s;  // limit for any call: lock patience, and a busy machine
constexpr std::uint32_t kRounds = kIsSanitized ? 60 : 400;
constexpr SlotOptions kOptions{.max_message_bytes = 200'000, .max_bytes = 1024 * 1024};

struct Board {
    Tally reader_is_ready, rounds, calls, honest_puts, attached, go;
    std::atomic<bool> stop{false};
};

template <class Call>
void bounded(const char* what, const Call& call) {
    const auto before = steady_clock::now();
    call();
    EXPECT_LT(steady_clock::now() - before, kBounded) << what;
}

// Accepts any result but a crash or a hang while the intruder is at work.
void read_until_stopped(Reader& reader, const Board& board) {
    while (!board.stop && !testing::Test::HasFailure()) {
        bounded("get", [&] { (void)reader.get(10ms); });
    }
}

void ask_until_stopped(Reader& reader, Board& board) {
    while (!board.stop && !testing::Test::HasFailure()) {
        bounded("info and others", [&] {
            (void)reader.info();
            (void)reader.qsize();
            (void)reader.full();
            (void)reader.empty();
            (void)reader.fileno();
        });
        board.calls.add();
    }
}

void put_until_stopped(Board& board) {
    ASSERT_TRUE(board.reader_is_ready.await());
    const std::string message(100'000, 'x');
    auto opened = Writer::open(kName, {.wait_when_full = 20ms});
    while (!board.stop && !testing::Test::HasFailure()) {
        bounded("put", [&] {
            // New memory may be damaged already. Then the writer opens again.
            if (!opened) opened = Writer::open(kName, {.wait_when_full = 20ms});
            if (opened && opened->put(message)) board.honest_puts.add();
        });
    }
}

void scribble_rounds(const Machine& machine, Board& board, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    ASSERT_TRUE(board.reader_is_ready.await());
    for (std::uint32_t round = 0; round < kRounds; ++round) {
        const auto intruder = Intruder::attach(machine, std::string(kName));
        if (!intruder) continue;  // damage of an earlier round was found this moment
        const bool everywhere = random() % 4 == 0;
        for (int i = 0; i < 50 && !intruder->is_given_up(); ++i) {
            if (everywhere) {
                intruder->scribble_everywhere(random);
            } else {
                intruder->scribble_somewhere(random);
            }
        }
        board.rounds.add();
    }
}

// Expects that messages pass again after the intruder has gone.
void expect_that_it_works_again(Reader& reader) {
    while (reader.get(0ms)) {
    }
    Writer writer = Writer::open(kName).value();
    const auto put = writer.put("works again");
    ASSERT_TRUE(put) << to_string(put.error());
    const auto got = reader.get(10s);
    ASSERT_TRUE(got) << to_string(got.error());
    EXPECT_EQ(got->text(), "works again");
    EXPECT_EQ(reader.qsize(), 0u);
    bounded("close", [&] { reader.close(); });
}

class Hostile : public testing::TestWithParam<WhenFull> {};

TEST_P(Hostile, scribbling_over_the_whole_segment_crashes_and_hangs_nobody) {
    const Machine& machine = Machine::own();
    const std::uint64_t seed = std::random_device{}();
    std::cout << "seed " << seed << '\n';
    Shared<Board> board;
    Child reading = Child::run([&] {
        SlotOptions options = kOptions;
        options.when_full = GetParam();
        Reader reader = Reader::create(kName, options).value();
        std::thread asks([&] { ask_until_stopped(reader, *board); });
        board->reader_is_ready.add();
        read_until_stopped(reader, *board);
        asks.join();
        ASSERT_TRUE(board->go.await());
        expect_that_it_works_again(reader);
    });
    Child honest = Child::run([&] { put_until_stopped(*board); });
    Child scribbling = Child::run([&] { scribble_rounds(machine, *board, seed); });
    EXPECT_EQ(scribbling.wait(), 0);
    board->stop = true;
    EXPECT_EQ(honest.wait(), 0);
    board->go.add();
    EXPECT_EQ(reading.wait(), 0);
    EXPECT_GT(board->rounds.count(), kRounds / 2);
    EXPECT_GT(board->calls.count(), 0u);
}

INSTANTIATE_TEST_SUITE_P(when_full, Hostile,
                         testing::Values(WhenFull::refuse, WhenFull::drop_oldest),
                         [](const auto& policy) {
                             return policy.param == WhenFull::refuse ? "refuse" : "drop_oldest";
                         });

// --- Single deeds, which end with the process that did them

struct Deed {
    const char* what;
    void (*deed)(Intruder&);
    bool holds_the_lock = false;
};

void PrintTo(const Deed& deed, std::ostream* out) { *out << deed.what; }

constexpr Deed kDeeds[] = {
    {"nothing", [](Intruder&) {}},
    {"lock", [](Intruder& i) { i.header().lock = i.number(); }, true},
    {"lock_of_nobody", [](Intruder& i) { i.header().lock = 0x0BAD'F00D; }, true},
    {"lock_of_waiters", [](Intruder& i) { i.header().lock = inbox::kLockWaiters; }, true},
    {"magic", [](Intruder& i) { i.header().magic = 0; }},
    {"limits", [](Intruder& i) { i.header().max_message_bytes = 1; }},
    {"closed", [](Intruder& i) { i.header().closed = 1; }},
    {"bell", [](Intruder& i) { i.header().bell = 0; }},
    {"seems_full", [](Intruder& i) { i.header().consumed_count = 1ull << 40; }},
    {"seems_full_of_bytes", [](Intruder& i) { i.header().consumed_bytes = 1ull << 40; }},
    {"tail_nowhere", [](Intruder& i) { i.tail().block = 0x7FFF'FFFF; }},
    {"tail_odd", [](Intruder& i) { i.tail().offset = 77; }},
    {"too_many", [](Intruder& i) { i.tail().count = 1ull << 40; }},
    {"fewer_than_read", [](Intruder& i) { i.tail().count = 0; }},
    {"policy", [](Intruder& i) { i.header().when_full = 1; }},
    {"unknown_policy", [](Intruder& i) { i.header().when_full = 77; }},
    {"kept", [](Intruder& i) { i.header().kept_messages = 1ull << 40; }},
    {"room_asked", [](Intruder& i) { i.header().room_asked = inbox::kRoomIsUrgent; }},
    {"selector", [](Intruder& i) { i.header().selector = ~i.header().selector; }},
};

class HostileDeed : public testing::TestWithParam<Deed> {};

// A writer exists before the deed, another starts after the intruder's death.
TEST_P(HostileDeed, is_undone_by_the_death_of_who_did_it) {
    const Machine& machine = Machine::own();
    Shared<Board> board;
    Child reading = Child::run([&] {
        Reader reader = Reader::create(kName).value();
        board->reader_is_ready.add();
        const Message before = reader.get(10s).value();
        ASSERT_EQ(before.text(), "before");
        board->calls.add();
        const auto got = reader.get(20s);
        ASSERT_TRUE(got) << to_string(got.error());
        EXPECT_EQ(got->text(), "works again");
        EXPECT_EQ(reader.get(20s).value().text(), "for all");
        EXPECT_EQ(reader.qsize(), 0u);
    });
    ASSERT_TRUE(board->reader_is_ready.await());
    Writer early = Writer::open(kName).value();
    ASSERT_TRUE(early.put("before"));
    ASSERT_TRUE(board->calls.await());
    Child intruding = Child::run([&] {
        auto intruder = Intruder::attach(machine, std::string(kName));
        ASSERT_TRUE(intruder) << to_string(intruder.error());
        GetParam().deed(*intruder);
        board->attached.add();
        board->stop = !board->go.await();  // lives on until it is killed
    });
    ASSERT_TRUE(board->attached.await());
    if (GetParam().holds_the_lock) {
        const auto before = steady_clock::now();
        const auto put = early.put("too early");
        ASSERT_FALSE(put);
        EXPECT_EQ(put.error().code, Errc::timed_out) << to_string(put.error());
        EXPECT_LT(steady_clock::now() - before, kBounded);
    }
    intruding.kill_and_wait();
    // Opening asks the station, which has noticed the intruder's end by then.
    Writer late = Writer::open(kName).value();
    const auto put = early.put("works again");
    ASSERT_TRUE(put) << to_string(put.error());
    EXPECT_TRUE(late.put("for all"));
    EXPECT_EQ(reading.wait(), 0);
}

INSTANTIATE_TEST_SUITE_P(of, HostileDeed, testing::ValuesIn(kDeeds),
                         [](const auto& deed) { return std::string(deed.param.what); });

// --- Close, and the bell

TEST(HostileBell, cannot_keep_close_from_waking_who_waits) {
    const Machine& machine = Machine::own();
    Shared<Board> board;
    Child scribbling = Child::run([&] {
        ASSERT_TRUE(board->reader_is_ready.await());
        auto intruder = Intruder::attach(machine, std::string(kName));
        ASSERT_TRUE(intruder) << to_string(intruder.error());
        std::mt19937_64 random(1);
        while (!board->stop) {
            intruder->header().bell = static_cast<std::uint32_t>(random());
            intruder->header().closed = 0;
            board->rounds.add();
        }
    });
    Child reading = Child::run([&] {
        Reader reader = Reader::create(kName).value();
        std::vector<std::thread> threads;
        for (int i = 0; i < 3; ++i) {
            threads.emplace_back([&] {
                board->calls.add();
                const auto got = reader.get();
                ASSERT_FALSE(got);
                EXPECT_EQ(got.error().code, Errc::closed);
            });
        }
        board->reader_is_ready.add();
        EXPECT_TRUE(board->rounds.await(1000) && board->calls.await(3));
        bounded("close", [&] { reader.close(); });
        bounded("end of the waiting", [&] {
            for (std::thread& thread : threads) thread.join();
        });
    });
    EXPECT_EQ(reading.wait(), 0);
    board->stop = true;
    EXPECT_EQ(scribbling.wait(), 0);
}

}  // namespace
}  // namespace mailslot::testing_process
