// Frames, sources and columns: what goes in comes out, and damage is refused.
#include "store/columns.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "store/frame.h"
#include "store/limits.h"
#include "store/open_chunk.h"
#include "store/sources.h"
#include "store/testing/temporary_store.h"
#include "store/varint.h"

namespace mailslot::store {
namespace {

TEST(Varint, numbers_of_every_length_come_out_as_they_went_in) {
    for (unsigned bits = 0; bits <= 64; ++bits) {
        const std::uint64_t number =
            bits == 64 ? std::numeric_limits<std::uint64_t>::max() : (std::uint64_t{1} << bits) - 1;
        char buffer[kMaxVarintBytes];
        const char* const end = put_varint(buffer, number);
        VarintReader in({buffer, static_cast<std::size_t>(end - buffer)});
        EXPECT_EQ(in.next(), number);
        EXPECT_TRUE(in.ok() && in.is_at_end()) << bits;
    }
}

TEST(Varint, a_number_that_is_cut_off_or_too_large_is_refused) {
    for (const std::string_view bytes :
         {std::string_view(""), std::string_view("\x80"),
          std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
          std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")}) {
        VarintReader in(bytes);
        in.next();
        EXPECT_FALSE(in.ok());
    }
}

TEST(Varint, differences_wrap_around) {
    constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
    for (const auto from : {std::uint64_t{0}, std::uint64_t{7}, kMost, kMost / 2})
        for (const auto to : {std::uint64_t{0}, std::uint64_t{8}, kMost, kMost / 2 + 1})
            EXPECT_EQ(unzigzag(from, zigzag(from, to)), to);
    EXPECT_EQ(zigzag(5, 4), 1u);
    EXPECT_EQ(zigzag(5, 6), 2u);
}

Row any_row(std::size_t sources) {
    Row row;
    row.kept_us = *rc::gen::arbitrary<std::int64_t>();
    row.sent_us = *rc::gen::arbitrary<std::int64_t>();
    row.sequence = *rc::gen::arbitrary<std::uint64_t>();
    row.lost_before = *rc::gen::arbitrary<std::uint64_t>();
    row.labels_bytes = *rc::gen::inRange<std::uint32_t>(0, kMaxLabelBytes + 1);
    row.text_bytes = *rc::gen::inRange<std::uint32_t>(0, 100000);
    row.source = *rc::gen::inRange<std::uint16_t>(0, static_cast<std::uint16_t>(sources));
    row.level_code = *rc::gen::inRange<std::uint16_t>(0, kMaxLevel + 1);
    return row;
}

RC_GTEST_PROP(Columns, rows_come_out_as_they_went_in, ()) {
    const auto sources = *rc::gen::inRange<std::size_t>(1, 300);
    std::vector<Row> rows(*rc::gen::inRange<std::size_t>(0, 50));
    for (Row& row : rows) row = any_row(sources);
    std::string bytes;
    encode_columns(rows, sources, bytes);
    std::vector<Row> again;
    RC_ASSERT(decode_columns(bytes, sources, again));
    RC_ASSERT(again == rows);
}

RC_GTEST_PROP(Columns, damaged_bytes_are_refused_or_rows_within_bounds, ()) {
    std::vector<Row> rows(*rc::gen::inRange<std::size_t>(1, 20));
    for (Row& row : rows) row = any_row(3);
    std::string bytes;
    encode_columns(rows, 3, bytes);
    const auto changes = *rc::gen::inRange(1, 4);
    for (int i = 0; i < changes; ++i)
        bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
    bytes.resize(*rc::gen::inRange<std::size_t>(0, bytes.size() + 1));
    std::vector<Row> again;
    const auto texts = decode_columns(bytes, 3, again);
    if (!texts) return;
    std::size_t sum = 0;
    for (const Row& row : again) {
        RC_ASSERT(row.source < 3);
        sum += row.text_bytes + row.labels_bytes;
    }
    RC_ASSERT(sum == *texts && sum <= kMaxTextsBytes);
}

TEST(Columns, a_number_of_rows_beyond_the_bytes_takes_no_memory) {
    std::vector<Row> rows;
    for (const std::string& bytes :
         {std::string("\xff\xff\xff\xff", 4), std::string("\0\0\xff\xff", 4)})
        EXPECT_FALSE(decode_columns(bytes, 1, rows));
}

RC_GTEST_PROP(Sources, come_out_as_they_went_in, ()) {
    SourceTable table;
    std::vector<OwnedMessage> messages(*rc::gen::inRange<std::size_t>(1, 200));
    std::vector<std::uint16_t> indexes;
    for (OwnedMessage& message : messages) {
        message.slot = *rc::gen::element<std::string>("LOG", "ALARMS", "");
        message.host = *rc::gen::element<std::string>("alpha", "beta", std::string(200, 'x'));
        message.origin = *rc::gen::inRange<std::uint64_t>(0, 130);
        message.trust = *rc::gen::element(Trust::none, Trust::domain, Trust::local);
        message.format = *rc::gen::element(Format::text, Format::bytes, Format::unknown);
        indexes.push_back(table.index_of(message.view()).value());
    }
    const auto sources = decode_sources(table.encoded()).value();
    RC_ASSERT(sources == table.all());
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const Source& source = sources[indexes[i]];
        RC_ASSERT(source.slot == messages[i].slot && source.host == messages[i].host);
        RC_ASSERT(source.origin == messages[i].origin && source.trust == messages[i].trust);
        RC_ASSERT(source.format == messages[i].format);
    }
}

TEST(Sources, damage_is_refused) {
    SourceTable table;
    OwnedMessage message;
    table.index_of(message.view());
    const std::string good = table.encoded();
    ASSERT_TRUE(decode_sources(good));
    for (std::size_t size = 0; size < good.size(); ++size)
        EXPECT_FALSE(decode_sources(good.substr(0, size))) << size;
    EXPECT_FALSE(decode_sources(good + "x"));
    std::string bad_trust = good;
    bad_trust[2] = 9;
    EXPECT_FALSE(decode_sources(bad_trust));
}

TEST(Frame, content_comes_out_as_it_went_in) {
    Compressor compressor;
    Decompressor decompressor;
    for (const std::string& content : {std::string(), std::string("x"), std::string(100000, 'a')}) {
        std::string frame, again = "rest";
        compressor.compress(content, frame);
        ASSERT_TRUE(decompressor.decompress(frame, content.size(), again));
        EXPECT_EQ(again, content);
        if (!content.empty()) {
            EXPECT_FALSE(decompressor.decompress(frame, content.size() - 1, again));
        }
    }
}

TEST(Frame, every_changed_byte_and_every_cut_is_noticed) {
    Compressor compressor;
    Decompressor decompressor;
    std::string content, frame, again;
    for (int i = 0; i < 200; ++i) content += "message " + std::to_string(i * i) + " of a log\n";
    compressor.compress(content, frame);
    for (std::size_t i = 0; i < frame.size(); ++i) {
        EXPECT_FALSE(decompressor.decompress(frame.substr(0, i), content.size(), again)) << i;
        std::string changed = frame;
        changed[i] = static_cast<char>(changed[i] ^ 0x55);
        const auto got = decompressor.decompress(changed, content.size(), again);
        EXPECT_TRUE(!got || again == content) << i;
    }
    EXPECT_FALSE(decompressor.decompress(frame + frame, content.size() * 2, again));
}

}  // namespace
}  // namespace mailslot::store
