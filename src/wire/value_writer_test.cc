// Writing values: valid order of calls, and the canonical encoding.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "mailslot/value.h"
#include "wire/testing/hex.h"
#include "wire/testing/value_events.h"

namespace mailslot::wire {
namespace {

TEST(ValueWriter, writes_every_type) {
    const auto magnitude = from_hex("0000000000000080 00");  // 2^63, with a zero to drop
    const auto small = from_hex("05 00");
    const struct {
        const char* what;
        std::function<bool(ValueWriter&)> write;
        const char* hex;
    } rows[] = {
        {"none", [](auto& w) { return w.null(); }, "4e"},
        {"false", [](auto& w) { return w.boolean(false); }, "46"},
        {"true", [](auto& w) { return w.boolean(true); }, "54"},
        {"-2^31", [](auto& w) { return w.integer(-2147483648ll); }, "69 00000080"},
        {"2^31", [](auto& w) { return w.integer(2147483648ll); }, "6c 03000000 0000 0000 0200"},
        {"-2^31 - 1", [](auto& w) { return w.integer(-2147483649ll); },
         "6c fdffffff 0100 0000 0200"},
        {"-2^63", [](auto& w) { return w.integer(INT64_MIN); },
         "6c fbffffff 0000 0000 0000 0000 0800"},
        {"big", [&](auto& w) { return w.big_integer(false, magnitude); },
         "6c 05000000 0000 0000 0000 0000 0800"},
        {"big that is none", [&](auto& w) { return w.big_integer(true, small); }, "69 fbffffff"},
        {"big of nothing", [](auto& w) { return w.big_integer(true, {}); }, "69 00000000"},
        {"real", [](auto& w) { return w.real(1.5); }, "67 000000000000f83f"},
        {"complex", [](auto& w) { return w.complex(1.5, -2); },
         "79 000000000000f83f 00000000000000c0"},
        {"text", [](auto& w) { return w.text("\u00e9"); }, "75 02000000 c3a9"},
        {"half a pair", [](auto& w) { return w.text("\xed\xa0\x80"); }, "75 03000000 eda080"},
        {"bytes", [](auto& w) { return w.bytes(as_bytes("\xff")); }, "73 01000000 ff"},
        {"tuple", [](auto& w) { return w.begin_tuple(1) && w.null() && w.end(); },
         "28 01000000 4e"},
        {"list", [](auto& w) { return w.begin_list(0) && w.end(); }, "5b 00000000"},
        {"set", [](auto& w) { return w.begin_set(1) && w.null() && w.end(); }, "3c 01000000 4e"},
        {"frozenset", [](auto& w) { return w.begin_frozenset(0) && w.end(); }, "3e 00000000"},
        {"dict", [](auto& w) { return w.begin_dict() && w.null() && w.null() && w.end(); },
         "7b 4e 4e 30"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.what);
        std::string out = "before";
        ValueWriter writer(out);
        EXPECT_TRUE(row.write(writer));
        EXPECT_TRUE(writer.is_whole());
        EXPECT_EQ(writer.problem(), "");
        EXPECT_EQ(out, "before" + std::string(as_text(from_hex(row.hex))));
    }
}

TEST(ValueWriter, refuses_what_cannot_stand_there_and_all_that_follows) {
    const struct {
        const char* what;
        std::function<bool(ValueWriter&)> write;
        const char *written, *problem;
    } rows[] = {
        {"a second value", [](auto& w) { return w.null() && w.null(); }, "4e", "a second value"},
        {"an end without a beginning", [](auto& w) { return w.end(); }, "",
         "an end without a beginning"},
        {"an end behind a value", [](auto& w) { return w.null() && w.end(); }, "4e",
         "an end without a beginning"},
        {"more items", [](auto& w) { return w.begin_list(0) && w.null(); }, "5b 00000000",
         "more items than announced"},
        {"fewer items", [](auto& w) { return w.begin_tuple(1) && w.end(); }, "28 01000000",
         "an end before the last item"},
        {"a key without its value", [](auto& w) { return w.begin_dict() && w.null() && w.end(); },
         "7b 4e", "an end before the last item"},
        {"a list as a key", [](auto& w) { return w.begin_dict() && w.begin_list(0); }, "7b",
         "a changeable value as a key or an item of a set"},
        {"a dict in a tuple in a set",
         [](auto& w) { return w.begin_set(1) && w.begin_tuple(1) && w.begin_dict(); },
         "3c 01000000 28 01000000", "a changeable value as a key or an item of a set"},
        {"text that is not UTF-8", [](auto& w) { return w.text("\xff"); }, "", "malformed text"},
        {"more items than can be counted", [](auto& w) { return w.begin_list(1ull << 31); }, "",
         "too long"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.what);
        std::string out;
        ValueWriter writer(out);
        EXPECT_FALSE(row.write(writer));
        EXPECT_EQ(writer.problem(), row.problem);
        EXPECT_FALSE(writer.null() || writer.text("a") || writer.bytes({}) || writer.end());
        EXPECT_FALSE(writer.integer(1ll << 40) || writer.begin_tuple(1) || writer.begin_dict());
        EXPECT_FALSE(writer.is_whole());
        EXPECT_EQ(writer.problem(), row.problem);
        EXPECT_EQ(out, as_text(from_hex(row.written)));
    }
}

TEST(ValueWriter, goes_as_deep_as_readers_do) {
    std::string out;
    ValueWriter writer(out);
    for (std::size_t i = 0; i < kMaxValueDepth; ++i) ASSERT_TRUE(writer.begin_list(1));
    EXPECT_FALSE(writer.begin_list(0));
    EXPECT_EQ(writer.problem(), "nested too deeply");
}

TEST(ValueWriter, gives_the_one_encoding_of_what_is_decoded_into_it) {
    const struct {
        const char *what, *hex, *canonical;
    } rows[] = {
        {"small tuple", "29 01 4e", "28 01000000 4e"},
        {"int64", "49 0500000000000000", "69 05000000"},
        {"long zero", "6c 00000000", "69 00000000"},
        {"real as text", "66 03 312e35", "67 000000000000f83f"},
        {"short ASCII", "7a 01 61", "75 01000000 61"},
        {"references", "29 02 fa 01 61 72 00000000", "28 02000000 75 01000000 61 75 01000000 61"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.what);
        std::string out;
        ValueWriter writer(out);
        EXPECT_TRUE(decode_value(from_hex(row.hex), writer));
        EXPECT_TRUE(writer.is_whole());
        EXPECT_EQ(out, as_text(from_hex(row.canonical)));
    }
}

}  // namespace
}  // namespace mailslot::wire
