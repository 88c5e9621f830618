// Writers die by kill -9 at every named step while others write and one process reads.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string_view>
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
constexpr auto kReaderPatience = 30s;  // reached only by a failed test
constexpr std::string_view kName = "CRASH";

constexpr std::array kSteps{"attached",      "locked",       "header_written", "payload_written",
                            "block_taken",   "block_linked", "tail_prepared",  "committed",
                            "tail_selected", "unlocked",     "before_bell",    "bell_taken"};
// At least 1,000 in all, but 120 under sanitizers, because a fork is slow there.
constexpr std::uint32_t kKillsPerStep = kIsSanitized ? 10 : 85;
static_assert(kIsSanitized || kKillsPerStep * kSteps.size() >= 1000);

// Small, so that blocks lost with dead writers would soon be missing.
constexpr SlotOptions kOptions{.max_bytes = 3 * 1024 * 1024, .max_messages = 1000};
constexpr std::uint32_t kWindow = 4;  // a writer's messages under way: the slot is never full

constexpr std::uint32_t kHonest = 2;       // writers 0 and 1
constexpr std::uint32_t kProbe = kHonest;  // the test itself
constexpr std::uint32_t kVictims = kProbe + 1;
constexpr std::uint32_t kWriters = kVictims + kKillsPerStep;
constexpr std::uint32_t kEnd = kWriters;  // tells the reader to end

struct Board {
    Tally reader_is_ready;
    std::atomic<bool> stop{false};
    std::array<Tally, kWriters> put, read;                         // messages
    std::array<std::atomic<std::uint32_t>, kWriters> under_way{};  // in the interrupted call
};

void read_until_end(Board& board) {
    Reader reader = Reader::create(kName, kOptions).value();
    board.reader_is_ready.add();
    Message message;
    while (reader.get_into(message, kReaderPatience)) {
        const auto stamp = read_stamp(message.text());
        ASSERT_TRUE(stamp) << "a message of " << message.size() << " bytes is damaged";
        if (stamp->writer == kEnd) return;
        Tally& read = board.read[stamp->writer];
        ASSERT_EQ(stamp->number, read.count() + 1) << "of writer " << stamp->writer;
        read.add();
    }
    FAIL() << "the end never came";
}

// Puts the writer's next messages, and waits until the reader has nearly caught up.
void put_next(Board& board, Writer& writer, std::uint32_t id, std::uint32_t count) {
    const std::uint32_t done = board.put[id].count();
    ASSERT_TRUE(done + count <= kWindow || board.read[id].await(done + count - kWindow));
    std::array<std::string, kWindow> messages;
    std::array<std::string_view, kWindow> views;
    for (std::uint32_t i = 0; i < count; ++i) {
        const Stamp stamp{id, done + 1 + i};
        views[i] = messages[i] = stamped(stamp, size_for(stamp));
    }
    board.under_way[id] = count;
    const auto before = steady_clock::now();
    const auto taken = writer.put_many(std::span(views).first(count));
    const auto duration = steady_clock::now() - before;
    ASSERT_TRUE(taken) << to_string(taken.error());
    ASSERT_EQ(*taken, count);
    ASSERT_LT(duration, kPromptly);
    board.put[id].add(count);
    board.under_way[id] = 0;
}

void write_until_stopped(Board& board, std::uint32_t id) {
    ASSERT_TRUE(board.reader_is_ready.await());
    Writer writer = Writer::open(kName).value();
    while (!board.stop && !testing::Test::HasFailure()) put_next(board, writer, id, 1);
}

void write_until_killed(Board& board, std::uint32_t id, const char* step) {
    const std::uint32_t nth = std::string_view(step) == "attached" ? 1 : 1 + id % 5;
    kill_at(step, nth);
    Writer writer = Writer::open(kName).value();
    constexpr std::uint32_t kMostPuts = 200'000;
    for (std::uint32_t i = 0; i < kMostPuts && !testing::Test::HasFailure(); ++i) {
        put_next(board, writer, id, i % 3 == 2 ? 3 : 1);  // sometimes a batch
    }
    ADD_FAILURE() << "never came to " << step;
}

class WriterCrash : public testing::TestWithParam<const char*> {};

// Expects that the interrupted call was done completely or not at all.
void expect_whole(Board& board, std::uint32_t id) {
    const std::uint32_t put = board.put[id].count(), read = board.read[id].count();
    EXPECT_TRUE(read == put || read == put + board.under_way[id])
        << read << " read of victim " << id << ", which had put " << put << " and was putting "
        << board.under_way[id];
}

TEST_P(WriterCrash, harms_nobody_elses_message) {
    Machine::own();
    Shared<Board> board;
    Child reader = Child::run([&] { read_until_end(*board); });
    std::vector<Child> honest;
    for (std::uint32_t id = 0; id < kHonest; ++id) {
        honest.push_back(Child::run([&board, id] { write_until_stopped(*board, id); }));
    }
    ASSERT_TRUE(board->reader_is_ready.await());
    Writer probe = Writer::open(kName).value();

    for (std::uint32_t id = kVictims; id < kWriters; ++id) {
        Child victim = Child::run([&] { write_until_killed(*board, id, GetParam()); });
        ASSERT_EQ(victim.wait(), kKilled) << "victim " << id;
        put_next(*board, probe, kProbe, 1);
        if (HasFailure()) return;
    }
    board->stop = true;
    for (Child& child : honest) EXPECT_EQ(child.wait(), 0);
    ASSERT_TRUE(probe.put(stamped({kEnd, 1}, 0)));
    EXPECT_EQ(reader.wait(), 0);

    for (std::uint32_t id = 0; id < kVictims; ++id) {
        EXPECT_GT(board->put[id].count(), 0u) << "writer " << id;
        EXPECT_EQ(board->read[id].count(), board->put[id].count()) << "writer " << id;
    }
    for (std::uint32_t id = kVictims; id < kWriters; ++id) expect_whole(*board, id);
}

INSTANTIATE_TEST_SUITE_P(at, WriterCrash, testing::ValuesIn(kSteps),
                         [](const auto& step) { return std::string(step.param); });

}  // namespace
}  // namespace mailslot::testing_process
