// An item of several messages gives the same results as several items.

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>
#include <vector>

#include "inbox/meta.h"
#include "inbox/testing/slot_under_test.h"
#include "model/testing/packed_contents.h"

namespace mailslot::inbox {
namespace {

class ManyInOneItem : public SlotUnderTest {
protected:
    static PackedContents contents_of(const std::vector<std::string>& texts,
                                      std::int64_t sent_at_us = 5) {
        std::vector<Content> contents;
        for (const std::string& text : texts)
            contents.push_back({as_bytes(text), sent_at_us, Format::text});
        return PackedContents(contents);
    }
    // Makes an item of the contents, without the first `without` messages.
    static Item item_of(const Contents& contents, std::uint64_t sequence = 1,
                        std::size_t without = 0) {
        Item item{.origin = 7, .sequence = sequence};
        item.contents = contents;
        for (; without > 0; --without) item.remove_front();
        return item;
    }
    Record get() {
        Record record;
        EXPECT_TRUE(get_nowait(*inbox_, record));
        return record;
    }
};

struct Sent {
    std::string text;
    Form format{};
    std::uint64_t origin = 0, sequence = 0;
    std::int64_t sent_at_us = 0;
    std::uint64_t lost_before = 0;
};

// Puts batches of items with single messages and with many, of two senders, of all sizes, up to the
// slot's quota and beyond.
TEST_F(ManyInOneItem, comes_out_as_if_they_were_put_one_by_one) {
    open({.max_bytes = 400'000, .max_messages = 700});
    const auto w = writer();
    std::mt19937 random(20261128);
    const auto up_to = [&](int most) {
        return std::uniform_int_distribution<int>(0, most)(random);
    };
    std::deque<Sent> waiting;
    std::uint64_t sequences[2] = {1, 1};
    std::int64_t now_us = 1'000'000;
    std::size_t cut_short = 0, refused = 0;
    for (int step = 0; step < 5'000; ++step) {
        std::deque<Sent> offered;  // not moved, because items point at the texts
        std::deque<PackedContents> packed;
        std::deque<std::array<std::byte, kMaxMetaBytes>> metas;
        std::vector<Item> items;
        for (int i = up_to(3); i >= 0; --i) {
            const std::size_t who = up_to(4) == 0 ? 1 : 0;
            const std::uint64_t lost = up_to(9) == 0 ? 3 : 0;
            std::vector<Content> several;
            const std::uint64_t first = sequences[who];
            now_us -= up_to(9) == 0 ? 10 : 0;
            for (int k = up_to(40); k >= 0; --k) {
                const int size = up_to(499) == 0 ? 60'000 + up_to(5'000) : up_to(300);
                now_us += up_to(99) == 0 ? 40'000 : up_to(3);
                const Sent& sent = offered.emplace_back(
                    Sent{std::string(static_cast<std::size_t>(size),
                                     static_cast<char>('a' + offered.size() % 26)),
                         Form(up_to(1) == 0 ? Format::text : Format::bytes), who + 1,
                         sequences[who]++, now_us, lost});
                several.push_back({as_bytes(sent.text), sent.sent_at_us, sent.format});
            }
            Item item{.kind = RecordKind::network, .origin = who + 1, .sequence = first};
            item.meta = encode_meta(metas.emplace_back(), {{}, Trust::none, lost, "host"});
            item.contents = packed.emplace_back(several);
            items.push_back(several.size() == 1 ? item.front() : item);
        }
        const auto taken = w->put(items);
        const std::size_t count = taken ? *taken : 0;
        ASSERT_LE(count, offered.size());
        if (!taken) {
            ASSERT_EQ(taken.error().code, Errc::slot_full);
            ++refused;
        }
        cut_short += count > 0 && count < offered.size();
        for (std::size_t i = 0; i < count; ++i) waiting.push_back(std::move(offered[i]));
        ASSERT_EQ(inbox_->qsize(), waiting.size());
        for (int i = up_to(3) == 0 ? 0 : up_to(90); i > 0 && !waiting.empty(); --i) {
            const Record record = get();
            const Sent& sent = waiting.front();
            ASSERT_EQ(record.payload, sent.text) << step;
            ASSERT_EQ(record.format, sent.format);
            ASSERT_EQ(record.origin, sent.origin);
            ASSERT_EQ(record.sequence, sent.sequence);
            ASSERT_EQ(record.sent_at_us, sent.sent_at_us);
            ASSERT_EQ(record.kind, RecordKind::network);
            ASSERT_EQ(decode_meta(record.meta()).lost_before, sent.lost_before);
            waiting.pop_front();
        }
    }
    EXPECT_GT(cut_short, 100u);
    EXPECT_GT(refused, 100u);
}

TEST_F(ManyInOneItem, ends_before_one_that_is_too_big) {
    open({.max_message_bytes = 4});
    const auto w = writer();
    const std::vector<std::string> texts{"one", "two", "three", "four"};
    const auto contents = contents_of(texts);
    EXPECT_EQ(w->put({{item_of(contents)}}).value(), 2u);
    const auto rest = w->put({{item_of(contents, 1, 2)}});
    EXPECT_EQ(rest.error().code, Errc::message_too_big);
    EXPECT_EQ(get().payload, "one");
    EXPECT_EQ(get().payload, "two");
    EXPECT_TRUE(inbox_->empty());
    EXPECT_EQ(inbox_->info().lost.message_too_big, 1u);
}

// A batch must end because a writer of this machine may wait for the lock.
TEST_F(ManyInOneItem, ends_where_a_batch_is_long_enough) {
    open();
    const auto w = writer();
    const std::vector<std::string> texts(100, std::string(10'000, 'x'));
    const auto contents = contents_of(texts);
    std::size_t put = 0, puts = 0;
    for (; put < texts.size(); ++puts) {
        put += w->put({{item_of(contents, 1, put)}}).value();
    }
    EXPECT_GT(puts, 3u);  // 256 KiB each
    for (std::uint64_t sequence = 1; sequence <= texts.size(); ++sequence) {
        EXPECT_EQ(get().sequence, sequence);
    }
    EXPECT_TRUE(inbox_->empty());
}

TEST_F(ManyInOneItem, is_continued_by_the_next_put) {
    open();
    const auto w = writer();
    const std::vector<std::string> texts{"a", "b", "c"};
    const auto contents = contents_of(texts);
    ASSERT_EQ(w->put({{item_of(contents, 1)}}).value(), 3u);
    ASSERT_EQ(w->put({{item_of(contents, 4)}}).value(), 3u);
    for (std::uint64_t sequence = 1; sequence <= 6; ++sequence) {
        const Record record = get();
        EXPECT_EQ(record.sequence, sequence);
        EXPECT_EQ(record.payload, texts[(sequence - 1) % 3]);
        EXPECT_EQ(record.sent_at_us, 5);
    }
}

}  // namespace
}  // namespace mailslot::inbox
