// Rows: several messages in a record. docs/inbox.md section 2.
#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "inbox/get_now.h"
#include "inbox/testing/slot_under_test.h"
#include "model/testing/packed_contents.h"

namespace mailslot::inbox {
namespace {

constexpr std::uint64_t kOrigin = 7;

class Row : public SlotUnderTest {
protected:
    void open(const SlotOptions& options = {}) {
        SlotUnderTest::open(options);
        begin();
    }
    // Begins with a new writer and its message 1, which a row can continue.
    void begin() {
        writer_ = writer();
        const Item first{.origin = kOrigin, .sequence = 1, .payload = as_bytes("1")};
        ASSERT_EQ(writer_->put({&first, 1}).value(), 1u);
        next_ = 2;
    }
    // Puts a row of messages of the given sizes, 50 ms apart, each filled with its number as a
    // letter. Returns how many went in.
    std::size_t put_row(const std::vector<std::size_t>& sizes) {
        std::vector<std::string> texts;
        for (const std::size_t size : sizes) texts.emplace_back(size, letter(next_ + texts.size()));
        std::vector<Content> contents;
        for (const std::string& text : texts) {
            const auto after = static_cast<std::int64_t>(50'000 * contents.size());
            contents.push_back({as_bytes(text), kBegan + after, Format::text});
        }
        const PackedContents packed(contents);
        Item item{.origin = kOrigin, .sequence = next_};
        item.contents = packed;
        const std::size_t taken = writer_->put({&item, 1}).value_or(0);
        next_ += taken;
        return taken;
    }
    void expect(std::uint64_t sequence, std::size_t size, std::uint64_t dropped_before = 0) {
        EXPECT_EQ(record_.sequence, sequence);
        EXPECT_EQ(record_.origin, kOrigin);
        EXPECT_EQ(record_.payload, std::string(size, letter(sequence)));
        EXPECT_EQ(record_.dropped_before, dropped_before);
    }
    bool get_now() {
        return inbox_->get_now(record_.payload, [this](const RecordEnvelope& envelope) {
            static_cast<RecordEnvelope&>(record_) = envelope;
        });
    }
    bool get() { return get_nowait(*inbox_, record_).has_value(); }
    Position tail() const { return read_tail(writer_->header()).at; }
    // Returns the bytes of the record at that place.
    std::byte* at(Position place) const {
        auto* const segment = reinterpret_cast<std::byte*>(&writer_->header());
        return segment + writer_->geometry().blocks_offset() +
               std::size_t{place.block} * kBlockBytes + place.offset;
    }
    static char letter(std::uint64_t sequence) { return static_cast<char>('a' + sequence % 26); }

    static constexpr std::int64_t kBegan = 1'000'000;
    std::unique_ptr<InboxWriter> writer_;
    std::uint64_t next_ = 1;
    Record record_;
};

TEST_F(Row, stands_in_one_record) {
    open();
    const Position before = tail();
    ASSERT_EQ(put_row({10, 0, 20}), 3u);
    EXPECT_EQ(tail().block, before.block);
    EXPECT_EQ(tail().offset - before.offset,
              aligned_to_record(kRowHeaderBytes + 3 * kContentHeadBytes + 30));
    ASSERT_TRUE(get());
    const std::int64_t times[] = {kBegan, kBegan + 50'000, kBegan + 100'000};
    const std::size_t sizes[] = {10, 0, 20};
    for (std::size_t i = 0; i < 3; ++i) {
        ASSERT_TRUE(get_now());
        expect(2 + i, sizes[i]);
        EXPECT_EQ(record_.sent_at_us, times[i]);
        EXPECT_EQ(record_.format, Form(Format::text));
    }
    EXPECT_FALSE(get_now());
    EXPECT_FALSE(get());
}

TEST_F(Row, is_continued_in_time_and_number_by_what_follows) {
    open();
    ASSERT_EQ(put_row({1, 1}), 2u);
    const Position before = tail();
    const Item next{
        .origin = kOrigin, .sequence = next_, .sent_at_us = kBegan + 50'007, .payload = {}};
    ASSERT_TRUE(writer_->put({&next, 1}));
    EXPECT_EQ(tail().offset - before.offset, kRecordAlignment);
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(get());
    EXPECT_EQ(record_.sequence, 4u);
    EXPECT_EQ(record_.sent_at_us, kBegan + 50'007);
}

TEST_F(Row, counts_as_its_messages_do) {
    open({.max_messages = 4});
    ASSERT_TRUE(get());
    ASSERT_EQ(put_row({3, 4, 5}), 3u);
    for (const std::size_t size : {3, 4, 5}) {
        const SlotInfo info = inbox_->info();
        EXPECT_EQ(info.next_message_bytes, size);
        EXPECT_EQ(info.messages, 6 - size);
        EXPECT_EQ(info.bytes, size == 3 ? 12u : size == 4 ? 9u : 5u);
        EXPECT_EQ(info.received, 4u);
        EXPECT_EQ(inbox_->qsize(), 6 - size);
        EXPECT_FALSE(inbox_->empty());
        ASSERT_TRUE(get());
    }
    EXPECT_TRUE(inbox_->empty());
    EXPECT_EQ(inbox_->info().next_message_bytes, std::nullopt);
}

TEST_F(Row, goes_in_as_far_as_the_quotas_have_room) {
    open({.max_bytes = 100, .max_messages = 5});
    EXPECT_EQ(put_row({1, 1, 1, 1, 1, 1}), 4u);  // limited by messages
    while (get()) {
    }
    EXPECT_EQ(put_row({60, 30, 20}), 2u);  // limited by bytes
    EXPECT_EQ(inbox_->qsize(), 2u);
    ASSERT_TRUE(get());
    expect(6, 60);
    // Room of messages taken from the row's middle is free for others.
    EXPECT_EQ(put_row({35, 35, 35}), 2u);
}

TEST_F(Row, of_more_bytes_than_a_message_may_have_is_put_one_by_one) {
    open({.max_message_bytes = 20});
    EXPECT_EQ(put_row({20, 20, 20}), 3u);
    EXPECT_EQ(put_row({20, 21, 20}), 1u);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(get());
    expect(5, 20);
    EXPECT_FALSE(get());
    EXPECT_EQ(inbox_->info().lost.bad_record, 0u);
}

TEST_F(Row, at_the_end_of_a_block_is_put_one_by_one_until_the_rest_is_one) {
    open();
    for (int i = 0; i < 200; ++i) ASSERT_EQ(put_row(std::vector<std::size_t>(10, 100)), 10u);
    EXPECT_GE(tail().block, 3u);
    for (std::uint64_t sequence = 1; sequence < next_; ++sequence) {
        ASSERT_TRUE(get());
        if (sequence > 1) expect(sequence, 100);
    }
    EXPECT_FALSE(get());
}

TEST_F(Row, may_be_read_by_either_way_in_turn) {
    open();
    ASSERT_EQ(put_row({1, 2, 3, 4, 5, 6}), 6u);
    ASSERT_TRUE(get());
    ASSERT_TRUE(get_now());
    expect(2, 1);
    ASSERT_TRUE(get());
    expect(3, 2);
    ASSERT_TRUE(get_now());
    expect(4, 3);
    pollfd readable{os::to_number(inbox_->fileno().value()), POLLIN, 0};
    for (std::uint64_t sequence = 5; sequence <= 7; ++sequence) {
        EXPECT_EQ(::poll(&readable, 1, 0), 1);
        EXPECT_FALSE(get_now());
        ASSERT_TRUE(get());
        expect(sequence, sequence - 1);
    }
    EXPECT_EQ(::poll(&readable, 1, 0), 0);
}

TEST_F(Row, is_dropped_in_part_where_the_oldest_make_room) {
    open({.max_messages = 10, .when_full = WhenFull::drop_oldest});
    const Position place = tail();
    ASSERT_TRUE(get());
    ASSERT_EQ(put_row({1, 2, 3, 4, 5, 6, 7, 8}), 8u);
    EXPECT_EQ(tail().offset, aligned_to_record(place.offset + kRowHeaderBytes + 8 * 7 + 36));
    ASSERT_EQ(put_row({9, 10, 11, 12, 13, 14}), 6u);
    inbox_->make_room();  // ten are kept
    EXPECT_EQ(inbox_->info().lost.dropped_oldest, 4u);
    EXPECT_EQ(inbox_->info().next_message_bytes, 5u);
    ASSERT_TRUE(get());
    expect(6, 5, 4);
    ASSERT_EQ(put_row({15, 16, 17, 18, 19, 20}), 6u);
    inbox_->make_room();  // drops the rest of the row, and two more
    EXPECT_EQ(inbox_->info().lost.dropped_oldest, 9u);
    ASSERT_TRUE(get());
    expect(12, 11, 5);
    ASSERT_TRUE(get_now());
    expect(13, 12);
}

// The writer dies between steps 7 and 8 of a put; the reader may have begun with the row.
TEST_F(Row, is_in_the_tail_even_if_its_writer_dies_between_commit_and_tail) {
    for (const int read_before : {0, 1, 2}) {
        open();
        ASSERT_TRUE(get());
        ASSERT_EQ(put_row({1, 2, 3}), 3u);
        Header& header = writer_->header();
        header.selector -= 1;
        header.lock = last_number_;
        for (int i = 0; i < read_before; ++i) ASSERT_TRUE(get());
        EXPECT_GT(inbox_->qsize(), 0u);
        inbox_->bury(last_number_);
        EXPECT_EQ(header.lock, 0u);
        EXPECT_EQ(inbox_->qsize(), 3u - static_cast<unsigned>(read_before));
        for (int i = read_before; i < 3; ++i) ASSERT_TRUE(get());
        expect(4, 3);
        EXPECT_EQ(inbox_->info().lost.total(), 0u);
    }
}

struct Damage {
    const char* what;
    // How many of the row's three messages of two bytes are read before the damage, and after.
    int read_before, read_after;
    std::function<void(std::byte* row)> deed;  // gets the row's record
};
void PrintTo(const Damage& damage, std::ostream* out) { *out << damage.what; }

void set_word(std::byte* row, const RecordShape& shape) {
    const std::uint64_t word = to_commit_word(shape);
    std::memcpy(row, &word, sizeof(word));
}
std::byte* content(std::byte* row, std::size_t index) {
    return row + kRowHeaderBytes + index * (kContentHeadBytes + 2);
}
constexpr std::uint64_t kSize = 3 * (kContentHeadBytes + 2);

const Damage kDamages[] = {
    {"no_messages", 0, 0,
     [](std::byte* row) {
         set_word(row, {kSize, RecordKind::row, {}, 0});
     }},
    {"fewer_messages", 0, 1,
     [](std::byte* row) {
         set_word(row, {kSize, RecordKind::row, {}, 2});
     }},
    {"more_messages", 0, 2,
     [](std::byte* row) {
         set_word(row, {kSize, RecordKind::row, {}, 4});
     }},
    {"no_bytes", 0, 0,
     [](std::byte* row) {
         set_word(row, {0, RecordKind::row, {}, 3});
     }},
    {"a_byte_more", 0, 2,
     [](std::byte* row) {
         set_word(row, {kSize + 1, RecordKind::row, {}, 3});
     }},
    {"beyond_the_block", 0, 0,
     [](std::byte* row) {
         set_word(row, {kBlockBytes, RecordKind::row, {}, 3});
     }},
    {"far_beyond", 0, 0,
     [](std::byte* row) {
         set_word(row, {0xFFFF'FFFF, RecordKind::row, {}, 0x7FFF});
     }},
    {"a_message_beyond_the_row", 0, 0,
     [](std::byte* row) { content(row, 0)[5] = std::byte{0xFF}; }},
    {"the_same_in_its_midst", 1, 0, [](std::byte* row) { content(row, 1)[5] = std::byte{0xFF}; }},
    {"the_last_is_too_short", 2, 0, [](std::byte* row) { content(row, 2)[6] = std::byte{1}; }},
    {"the_last_is_too_long", 2, 0, [](std::byte* row) { content(row, 2)[6] = std::byte{3}; }},
    {"one_takes_all", 1, 0, [](std::byte* row) { content(row, 1)[6] = std::byte{2 + 9}; }},
    {"an_unknown_format", 1, 0, [](std::byte* row) { content(row, 1)[0] = std::byte{0x7F}; }},
};

class DamagedRow : public Row, public testing::WithParamInterface<Damage> {};

TEST_P(DamagedRow, is_counted_and_the_slot_goes_on) {
    open();
    const Position place = tail();
    ASSERT_EQ(put_row({2, 2, 2}), 3u);
    ASSERT_TRUE(get());
    for (int i = 0; i < GetParam().read_before; ++i) ASSERT_TRUE(get_now());
    GetParam().deed(at(place));
    (void)inbox_->info();
    int read = 0;
    while (get_now() || get()) ++read;
    EXPECT_EQ(read, GetParam().read_after);
    EXPECT_EQ(inbox_->info().lost.bad_record,
              static_cast<unsigned>(3 - GetParam().read_before - read));
    EXPECT_TRUE(writer_->reader_is_gone());
    begin();
    ASSERT_EQ(put_row({2, 2, 2}), 3u);
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(get());
    expect(4, 2);
}

INSTANTIATE_TEST_SUITE_P(with, DamagedRow, testing::ValuesIn(kDamages),
                         [](const auto& damage) { return std::string(damage.param.what); });

TEST_F(Row, that_continues_nothing_is_damage) {
    open();
    const Position place{0, kBlockHeaderBytes};
    set_word(at(place), {kSize, RecordKind::row, {}, 3});
    EXPECT_FALSE(get());
    EXPECT_GT(inbox_->info().lost.bad_record, 0u);
}

// A commit word, base and heads may contain any time.
TEST_F(Row, with_a_time_out_of_this_world_has_one_that_can_be_told) {
    open();
    const Position place = tail();
    ASSERT_EQ(put_row({2, 2, 2}), 3u);
    const std::int64_t last = std::numeric_limits<std::int64_t>::max();
    std::memcpy(at(place) + 8, &last, sizeof(last));
    std::memset(content(at(place), 2) + 1, 0xFF, 4);
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(get());
    expect(4, 2);
    EXPECT_GT(std::chrono::microseconds(record_.sent_at_us), std::chrono::hours(0));
    EXPECT_GT(std::chrono::nanoseconds(std::chrono::microseconds(record_.sent_at_us)),
              std::chrono::nanoseconds(0));
}

}  // namespace
}  // namespace mailslot::inbox
