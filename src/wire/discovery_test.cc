#include "wire/discovery.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "wire/testing/hex.h"

namespace mailslot::wire {
namespace {

struct QueryRow {
    const char* what;
    const char* hex;
    std::optional<Query> query;
};

const QueryRow kQueries[] = {
    {"whole", "0102030405060708 c001 00000005", Query{0x0102030405060708, 0xc001, 5}},
    {"no bytes", "", {}},
    {"one byte short", "0102030405060708 c001 000000", {}},
    {"padded", "0102030405060708 c001 00000005 0000", Query{0x0102030405060708, 0xc001, 5, 2}},
    {"padded with something", "0102030405060708 c001 00000005 0001", {}},
    {"no port to answer to", "0102030405060708 0000 00000005", {}},
};

TEST(Discovery, decodes_queries) {
    for (const QueryRow& row : kQueries) {
        SCOPED_TRACE(row.what);
        const auto bytes = from_hex(row.hex);
        const auto query = decode_query(bytes);
        ASSERT_EQ(query.has_value(), row.query.has_value());
        if (!query) continue;
        EXPECT_EQ(*query, *row.query);
        std::array<std::byte, kQueryBytes + 2> buffer;
        EXPECT_TRUE(std::ranges::equal(encode_query(buffer, *query), bytes));
    }
}

TEST(Discovery, encodes_no_query_that_nobody_could_answer_or_that_has_no_room) {
    std::array<std::byte, kQueryBytes> buffer;
    EXPECT_TRUE(encode_query(buffer, {.id = 1}).empty());
    EXPECT_TRUE(encode_query(std::span(buffer).first(13), {.id = 1, .reply_port = 2}).empty());
}

struct AnswerRow {
    const char* what;
    const char* hex;
    std::optional<Answer> answer;
};

const AnswerRow kAnswers[] = {
    {"two of three names, after the first",
     "0102030405060708 00000001 00000003 0002 0001 62 0002 6363",
     Answer{0x0102030405060708, 1, 3, {"b", "cc"}}},
    {"no bytes", "", {}},
    {"short", "0102030405060708 00000001 00000003 00", {}},
    {"no name", "0102030405060708 00000001 00000003 0000", {}},
    {"more names than there are in all",
     "0102030405060708 00000002 00000003 0002 0001 62 0001 63",
     {}},
    {"begins behind the end", "0102030405060708 00000004 00000003 0001 0001 62", {}},
    {"a name is cut off", "0102030405060708 00000000 00000003 0001 0002 62", {}},
    {"an empty name", "0102030405060708 00000000 00000003 0001 0000", {}},
    {"a name that is not UTF-8", "0102030405060708 00000000 00000003 0001 0001 ff", {}},
    {"a byte left over", "0102030405060708 00000000 00000003 0001 0001 62 00", {}},
};

TEST(Discovery, decodes_answers) {
    for (const AnswerRow& row : kAnswers) {
        SCOPED_TRACE(row.what);
        const auto bytes = from_hex(row.hex);
        const auto answer = decode_answer(bytes);
        ASSERT_EQ(answer.has_value(), row.answer.has_value());
        if (!answer) continue;
        EXPECT_EQ(*answer, *row.answer);
        std::array<std::byte, 100> buffer;
        AnswerWriter writer(buffer, {answer->query_id, 1, answer->first}, answer->total);
        for (const auto name : answer->names) EXPECT_TRUE(writer.add(name));
        EXPECT_TRUE(std::ranges::equal(writer.finish(), bytes));
    }
}

TEST(Discovery, refuses_a_name_of_more_bytes_than_an_address_can_have) {
    std::array<std::byte, 2000> buffer;
    AnswerWriter writer(buffer, {1, 2, 0}, 5);
    EXPECT_FALSE(writer.add(std::string(778, 'a')));
    EXPECT_TRUE(writer.add(std::string(777, 'a')));
}

TEST(Discovery, fills_an_answer_up_to_its_room_and_no_further_than_the_list_goes) {
    std::array<std::byte, kAnswerBytes + 7> buffer;
    AnswerWriter writer(buffer, {1, 2, 0}, 9);
    EXPECT_TRUE(writer.finish().empty());
    EXPECT_TRUE(writer.add("abc"));
    EXPECT_FALSE(writer.add("d"));
    EXPECT_EQ(decode_answer(writer.finish()).value().names.size(), 1u);

    std::array<std::byte, 100> large;
    AnswerWriter last(large, {1, 2, 8}, 9);
    EXPECT_TRUE(last.add("y"));
    EXPECT_FALSE(last.add("z"));
    AnswerWriter behind(large, {1, 2, 10}, 9);
    EXPECT_FALSE(behind.add("z"));
    AnswerWriter tiny({large.data(), 17}, {1, 2, 0}, 9);
    EXPECT_FALSE(tiny.add("z"));
    EXPECT_TRUE(tiny.finish().empty());
}

}  // namespace
}  // namespace mailslot::wire
