// Messages between processes: sizes, many threads, and the class Mailslot with a type for
// both ends.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <thread>
#include <vector>

#include "local/local_writer.h"
#include "mailslot/both_ends.h"
#include "mailslot/mailslot.h"
#include "support/child.h"
#include "support/machine.h"
#include "support/shared.h"
#include "support/size.h"
#include "support/stamp.h"

namespace mailslot::testing_process {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 60s;
constexpr std::size_t kMiB = 1024 * 1024;

struct Board {
    Tally ready, read;
    std::array<Tally, 10> read_of;
};

TEST(Messages, of_every_size_from_none_to_64_MiB_arrive_whole) {
    Machine::own();
    Shared<Board> board;
    constexpr std::array<std::size_t, 7> kSizes{0, 1, 424, 65'536, kMiB, 16 * kMiB, 64 * kMiB};
    Child reading = Child::run([&] {
        Reader reader = Reader::create("SIZES", {.max_bytes = 80 * kMiB}).value();
        board->ready.add();
        for (const std::size_t size : kSizes) {
            const Message message = reader.get(kPatience).value();
            ASSERT_EQ(message.size(), size);
            const bool whole = size < kStampBytes || read_stamp(message.text());
            ASSERT_TRUE(whole) << size;
            board->read.add();
        }
    });
    ASSERT_TRUE(board->ready.await());
    Writer writer = Writer::open("SIZES", {.wait_when_full = kPatience}).value();
    for (std::uint32_t i = 0; i < kSizes.size(); ++i) {
        const auto put = writer.put(stamped({1, i}, kSizes[i]).substr(0, kSizes[i]));
        ASSERT_TRUE(put) << to_string(put.error());
    }
    EXPECT_EQ(reading.wait(), 0);
}

TEST(Messages, over_the_slots_limit_are_refused_and_counted) {
    Machine::own();
    Shared<Board> board;
    const Reader reader = Reader::create("SIZES", {.max_message_bytes = 16 * kMiB}).value();
    Writer writer = Writer::open("SIZES").value();
    EXPECT_TRUE(writer.put(std::string(16 * kMiB, 'x')));
    const auto refused = writer.put(std::string(16 * kMiB + 1, 'x'));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::message_too_big);
    EXPECT_EQ(reader.info().lost.message_too_big, 1u);
    EXPECT_EQ(reader.qsize(), 1u);
}

// Fire and forget: the writer gets no error, with or without the patience to wait for room.
TEST(Messages, over_the_slots_limit_are_counted_whichever_way_they_come) {
    const std::string large(5000, 'x');
    for (const std::string& address :
         {std::string("\\\\*\\mailslot\\SMALL"), Machine::own().address_of("SMALL")}) {
        SCOPED_TRACE(address);
        const Reader reader = Reader::create("SMALL", {.max_message_bytes = 4096}).value();
        Writer writer = Writer::open(address).value();
        for (const Timeout patience : {Timeout{0}, Timeout{50}, kForever}) {
            EXPECT_TRUE(writer.put(large, {.wait_when_full = patience}));
        }
        EXPECT_EQ(reader.info().lost.message_too_big, 3u);
        EXPECT_EQ(reader.qsize(), 0u);
    }
}

TEST(Messages, of_ten_threads_reach_three_each_once_and_in_order) {
    Machine::own();
    Shared<Board> board;
    constexpr std::uint32_t kEach = kIsSanitized ? 300 : 3000, kThreads = 10;
    Child reading = Child::run([&] {
        Reader reader = Reader::create("THREADS", {.max_bytes = 8 * kMiB}).value();
        board->ready.add();
        const auto read_some = [&] {
            std::map<std::uint32_t, std::uint32_t> last;
            while (const auto message = reader.get(kPatience)) {
                const auto stamp = read_stamp(message->text());
                ASSERT_TRUE(stamp);
                ASSERT_GT(stamp->number, last[stamp->writer]);
                last[stamp->writer] = stamp->number;
                board->read_of[stamp->writer].add();
                board->read.add();
            }
        };
        std::vector<std::thread> threads;
        for (int i = 0; i < 3; ++i) threads.emplace_back(read_some);
        EXPECT_TRUE(board->read.await(kEach * kThreads));
        EXPECT_EQ(reader.qsize(), 0u);
        reader.close();
        for (std::thread& thread : threads) thread.join();
    });
    Child writing = Child::run([&] {
        ASSERT_TRUE(board->ready.await());
        std::vector<std::thread> threads;
        for (std::uint32_t id = 0; id < kThreads; ++id) {
            threads.emplace_back([id] {
                Writer writer = Writer::open("THREADS", {.wait_when_full = kPatience}).value();
                for (std::uint32_t number = 1; number <= kEach; ++number) {
                    const auto put = writer.put(stamped({id, number}, number % 500));
                    ASSERT_TRUE(put) << to_string(put.error());
                }
            });
        }
        for (std::thread& thread : threads) thread.join();
    });
    EXPECT_EQ(writing.wait(), 0);
    EXPECT_EQ(reading.wait(), 0);
    for (Tally& tally : board->read_of) EXPECT_EQ(tally.count(), kEach);
}

TEST(Messages, a_mailslots_first_use_decides_what_it_is) {
    Machine::own();
    Shared<Board> board;
    Child writing = Child::run([&] {
        ASSERT_TRUE(board->ready.await());
        Mailslot slot = Mailslot::create("BOTH").value();
        ASSERT_TRUE(slot.put("one"));
        for (const Errc code : {slot.get_nowait().error().code, slot.qsize().error().code,
                                slot.empty().error().code, slot.full().error().code}) {
            EXPECT_EQ(code, Errc::wrong_direction);
        }
        ASSERT_TRUE(slot.put("two"));
        slot.close();
        EXPECT_EQ(slot.put("three").error().code, Errc::closed);
        board->read.add();
    });
    Mailslot slot = Mailslot::create("BOTH", 100, 20ms).value();
    EXPECT_EQ(slot.qsize(), 0u);
    EXPECT_EQ(slot.put("x").error().code, Errc::wrong_direction);
    EXPECT_EQ(slot.get_nowait().error().code, Errc::timed_out);
    board->ready.add();
    ASSERT_TRUE(board->read.await());
    EXPECT_EQ(slot.qsize(), 2u);
    std::vector<std::string> texts;
    for (const Message& message : slot) texts.emplace_back(message.text());  // ends at its timeout
    EXPECT_EQ(texts, (std::vector<std::string>{"one", "two"}));
    EXPECT_EQ(slot.empty(), true);
    slot.close();
    EXPECT_EQ(slot.get().error().code, Errc::closed);
    EXPECT_EQ(writing.wait(), 0);
}

TEST(Messages, a_mailslot_made_for_small_ones_takes_and_writes_no_larger) {
    Machine::own();
    Shared<Board> board;
    Child writing = Child::run([&] {
        ASSERT_TRUE(board->ready.await());
        EXPECT_EQ(Mailslot::create("SMALL", 4)->put("12345").error().code, Errc::message_too_big);
        Mailslot unlimited = Mailslot::create("SMALL").value();
        EXPECT_EQ(unlimited.put("12345").error().code, Errc::message_too_big);
        EXPECT_TRUE(unlimited.put("1234"));
    });
    Mailslot slot = Mailslot::create("SMALL", 4).value();
    EXPECT_EQ(slot.empty(), true);
    board->ready.add();
    EXPECT_EQ(slot.get(true, kPatience)->text(), "1234");
    EXPECT_EQ(writing.wait(), 0);
}

TEST(Messages, bring_their_labels_and_their_format_along) {
    Machine::own();
    Shared<Board> board;
    Child writing = Child::run([&] {
        ASSERT_TRUE(board->ready.await());
        Writer here = Writer::open("LABELS").value();
        Writer everywhere = Writer::open(R"(\\*\mailslot\LABELS)").value();
        const std::array<Label, 2> labels{{{"level", "30"}, {"logger", "db"}}};
        for (Writer* writer : {&here, &everywhere}) {
            EXPECT_TRUE(writer->put("slow", {.labels = labels}));
            EXPECT_TRUE(writer->put("N", {.format = Format::value}));
            EXPECT_TRUE(writer->put("", {.format = Format::unknown, .labels = labels}));
            const std::array<Label, 1> bad{{{"Level", "30"}}};
            EXPECT_EQ(writer->put("x", {.labels = bad}).error().code, Errc::bad_label);
        }
    });
    Reader reader = Reader::create("LABELS").value();
    board->ready.add();
    for (int i = 0; i < 2; ++i) {
        Message message = reader.get(kPatience).value();
        EXPECT_EQ(message.text(), "slow");
        EXPECT_EQ(message.size(), 4u);
        EXPECT_EQ(message.format(), Format::text);
        EXPECT_EQ(message.label("level"), "30");
        EXPECT_EQ(message.label("logger"), "db");
        EXPECT_EQ(message.label("other"), "");
        EXPECT_EQ(message.labels().size(), 2u);
        ASSERT_TRUE(reader.get_into(message, kPatience));
        EXPECT_EQ(message.text(), "N");
        EXPECT_EQ(message.format(), Format::value);
        EXPECT_TRUE(message.labels().empty());
        ASSERT_TRUE(reader.get_into(message, kPatience));
        EXPECT_EQ(message.size(), 0u);
        EXPECT_EQ(message.format(), Format::unknown);
        EXPECT_EQ(message.labels().size(), 2u);
        const Message taken = std::move(message);
        EXPECT_EQ(taken.label("logger"), "db");
        EXPECT_EQ(message.size(), 0u);  // NOLINT(bugprone-use-after-move): must not crash
        EXPECT_TRUE(message.labels().empty());
    }
    EXPECT_EQ(writing.wait(), 0);
    EXPECT_EQ(reader.info().lost.total(), 0u);
}

TEST(Messages, with_a_broken_block_of_labels_arrive_whole_as_bytes) {
    const Machine& machine = Machine::own();
    Reader reader = Reader::create("LABELS").value();
    // Made only by a hostile or broken writer: marked as labelled, but without valid labels.
    local::LocalWriter writer({machine.folder()}, "LABELS");
    inbox::Item item;
    item.format = {Format::text, true};
    item.payload = as_bytes("\xff\xff no labels");
    ASSERT_TRUE(writer.put({&item, 1}));
    const Message message = reader.get(kPatience).value();
    EXPECT_EQ(message.text(), "\xff\xff no labels");
    EXPECT_EQ(message.format(), Format::bytes);
    EXPECT_TRUE(message.labels().empty());
}

}  // namespace
}  // namespace mailslot::testing_process
