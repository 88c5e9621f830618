// put_now and get_now give the same results as put and get, however they are mixed.

#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "inbox/get_now.h"
#include "inbox/put_now.h"
#include "inbox/testing/slot_under_test.h"

namespace mailslot::inbox {
namespace {

class StraightWays : public SlotUnderTest {
protected:
    static bool put_now(InboxWriter& writer, std::string_view text, std::uint64_t sequence = 1) {
        Item item{.origin = 7, .sequence = sequence, .payload = as_bytes(text)};
        return writer.put_now(item, [] { return std::int64_t{5}; });
    }
    bool get_now(Record& record) {
        return inbox_->get_now(record.payload, [&](const RecordEnvelope& envelope) {
            static_cast<RecordEnvelope&>(record) = envelope;
        });
    }
};

struct Sent {
    std::string text;
    Format format = Format::text;
    std::uint64_t origin = 0, sequence = 0;
    std::int64_t sent_at_us = 0;
};

TEST_F(StraightWays, mix_with_the_others_in_any_order) {
    open();
    const std::unique_ptr<InboxWriter> writers[] = {writer(), writer()};
    std::mt19937 random(20261125);
    const auto up_to = [&](int most) {
        return std::uniform_int_distribution<int>(0, most)(random);
    };
    std::deque<Sent> waiting;
    std::uint64_t sequences[2] = {};
    std::int64_t now_us = 1'000'000;
    int straight_puts = 0, straight_gets = 0;
    for (int step = 0; step < 200'000; ++step) {
        if (up_to(99) < 50) {
            const int which = up_to(9) == 0 ? 1 : 0;
            // Sometimes a message longer than a block, or a pause too long for a continued record.
            const int size = up_to(199) == 0 ? 60'000 + up_to(20'000) : up_to(300);
            now_us += up_to(49) == 0 ? 40'000 : up_to(3);
            Sent sent{
                std::string(static_cast<std::size_t>(size), static_cast<char>('a' + step % 26)),
                up_to(1) == 0 ? Format::text : Format::bytes, static_cast<std::uint64_t>(which + 1),
                ++sequences[which], now_us};
            Item item{RecordKind::local, sent.format, sent.origin,        sent.sequence,
                      sent.sent_at_us,   {},          as_bytes(sent.text)};
            const bool is_straight =
                up_to(3) > 0 && writers[which]->put_now(item, [&] { return sent.sent_at_us; });
            straight_puts += is_straight;
            if (!is_straight) {
                ASSERT_EQ(writers[which]->put({&item, 1}).value(), 1u) << step;
            }
            waiting.push_back(std::move(sent));
        } else {
            Record record;
            const bool is_straight = up_to(3) > 0 && get_now(record);
            straight_gets += is_straight;
            if (!is_straight) {
                ASSERT_EQ(get_nowait(*inbox_, record).has_value(), !waiting.empty());
            }
            if (waiting.empty()) {
                ASSERT_FALSE(is_straight);
                continue;
            }
            const Sent& sent = waiting.front();
            ASSERT_EQ(record.payload, sent.text) << step;
            ASSERT_EQ(record.format.format, sent.format);
            ASSERT_EQ(record.origin, sent.origin);
            ASSERT_EQ(record.sequence, sent.sequence);
            ASSERT_EQ(record.sent_at_us, sent.sent_at_us);
            ASSERT_EQ(record.kind, RecordKind::local);
            waiting.pop_front();
        }
    }
    EXPECT_EQ(inbox_->qsize(), waiting.size());
    EXPECT_GT(straight_puts, 50'000);
    EXPECT_GT(straight_gets, 50'000);
}

TEST_F(StraightWays, a_put_with_something_in_the_way_does_nothing) {
    open({.max_message_bytes = 100, .max_messages = 2});
    const auto one = writer();
    EXPECT_FALSE(put_now(*one, "nothing is there yet to put it behind"));
    ASSERT_TRUE(one->put(std::array{Item{.payload = as_bytes(std::string_view("first"))}}));
    EXPECT_FALSE(put_now(*one, std::string(101, 'x')));
    one->header().lock.store(77);
    EXPECT_FALSE(put_now(*one, "somebody has the lock"));
    EXPECT_EQ(one->header().lock.exchange(0), 77u);
    EXPECT_TRUE(put_now(*one, "second"));
    EXPECT_FALSE(put_now(*one, "full"));
    EXPECT_EQ(inbox_->qsize(), 2u);
    const Losses lost = inbox_->info().lost;
    EXPECT_EQ(lost.total(), 0u);
    inbox_->close();
    EXPECT_FALSE(put_now(*one, "closed"));
}

TEST_F(StraightWays, a_get_with_something_in_the_way_does_nothing) {
    open();
    const auto one = writer();
    Record record;
    EXPECT_FALSE(get_now(record));
    ASSERT_TRUE(one->put(std::array{Item{.payload = as_bytes(std::string_view("first"))}}));
    ASSERT_TRUE(put_now(*one, "second"));
    // The second message is in a block that the reader has not entered.
    EXPECT_FALSE(get_now(record));
    ASSERT_TRUE(get_nowait(*inbox_, record));
    // A poller must be told when the slot is empty, which only the slow path does.
    ASSERT_TRUE(inbox_->fileno());
    EXPECT_FALSE(get_now(record));
    EXPECT_EQ(inbox_->qsize(), 1u);
    inbox_->close();
    EXPECT_FALSE(get_now(record));
}

TEST_F(StraightWays, a_thread_that_puts_and_gets_in_turn_is_not_kept_waiting) {
    open();
    const auto one = writer();
    ASSERT_TRUE(one->put(std::array{Item{.payload = as_bytes(std::string_view("first"))}}));
    Record record;
    ASSERT_TRUE(get_nowait(*inbox_, record));
    int gets = 0;
    for (std::uint64_t i = 1; i <= 100'000; ++i) {
        if (!put_now(*one, "text", i)) {
            const Item item{
                .origin = 7, .sequence = i, .payload = as_bytes(std::string_view("text"))};
            ASSERT_TRUE(one->put({&item, 1}));
        }
        if (!get_now(record)) {
            ASSERT_TRUE(get_nowait(*inbox_, record));
        }
        gets += record.sequence == i;
    }
    EXPECT_EQ(gets, 100'000);
    EXPECT_TRUE(inbox_->empty());
}

}  // namespace
}  // namespace mailslot::inbox
