// Values as Python prints them.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "base/bytes.h"
#include "mailslot/value.h"
#include "wire/testing/hex.h"

namespace mailslot::wire {
namespace {

constexpr std::size_t kUncut = 1'000'000;

template <class Write>
std::string text_of(Write write, std::size_t limit = kUncut) {
    std::string out;
    ValueWriter writer(out);
    write(writer);
    EXPECT_TRUE(writer.is_whole()) << writer.problem();
    const auto text = value_to_text(as_bytes(out), limit);
    return text ? *text : "refused: " + text.error().detail;
}

TEST(ValueText, prints_reals_as_python_does) {
    const struct {
        double value;
        const char* text;
    } rows[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1, "1.0"},
        {0.1, "0.1"},
        {1e-4, "0.0001"},
        {1e-5, "1e-05"},
        {9007199254740994, "9007199254740994.0"},
        {9999999999999998, "9999999999999998.0"},
        {1e16, "1e+16"},
        {123456789012345680, "1.2345678901234568e+17"},
        {5e-324, "5e-324"},
        {std::numeric_limits<double>::max(), "1.7976931348623157e+308"},
        {std::numeric_limits<double>::infinity(), "1e999"},
        {-std::numeric_limits<double>::infinity(), "-1e999"},
        {-std::numeric_limits<double>::quiet_NaN(), "nan"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(text_of([&](auto& w) { w.real(row.value); }), row.text);
    }
}

TEST(ValueText, prints_complex_numbers_as_python_does) {
    const double inf = std::numeric_limits<double>::infinity();
    const struct {
        double re, im;
        const char* text;
    } rows[] = {
        {0, 2, "2j"},
        {0, -0.0, "-0j"},
        {-0.0, 2, "(-0+2j)"},
        {1, -2.5, "(1-2.5j)"},
        {1e16, 1, "(1e+16+1j)"},
        {inf, -inf, "(1e999-1e999j)"},
        {1, std::nan(""), "(1+nanj)"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(text_of([&](auto& w) { w.complex(row.re, row.im); }), row.text);
    }
}

TEST(ValueText, prints_integers_beyond_64_bits_in_hex) {
    EXPECT_EQ(text_of([](auto& w) { w.integer(INT64_MIN); }), "-9223372036854775808");
    const auto magnitude = from_hex("0000000000000000 0f");
    EXPECT_EQ(text_of([&](auto& w) { w.big_integer(false, magnitude); }), "0xf0000000000000000");
    const auto even = from_hex("0000000000000000 1f");
    EXPECT_EQ(text_of([&](auto& w) { w.big_integer(true, even); }), "-0x1f0000000000000000");
}

TEST(ValueText, quotes_and_escapes_text) {
    const struct {
        const char *text, *printed;
    } rows[] = {
        {"", "''"},
        {"it's", "\"it's\""},
        {"'\"", "'\\'\"'"},
        {"\"", "'\"'"},
        {"\\ \t\r\n\x1b\x7f", "'\\\\ \\t\\r\\n\\x1b\\x7f'"},
        {"gr\u00fc\u00df \U0001f600", "'gr\u00fc\u00df \U0001f600'"},
        {"\u0085\u00a0\u00ad", "'\\x85\\xa0\\xad'"},
        {"\u202e\u2028\ufeff", "'\\u202e\\u2028\\ufeff'"},
        {"\U000e0001", "'\\U000e0001'"},
        {"\xed\xa0\x80", "'\\ud800'"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(text_of([&](auto& w) { w.text(row.text); }), row.printed);
    }
}

TEST(ValueText, quotes_and_escapes_bytes) {
    const struct {
        std::string bytes;
        const char* printed;
    } rows[] = {
        {"", "b''"},
        {"it's", "b\"it's\""},
        {std::string("a\0\xff\n\\", 5), "b'a\\x00\\xff\\n\\\\'"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(text_of([&](auto& w) { w.bytes(as_bytes(row.bytes)); }), row.printed);
    }
}

TEST(ValueText, prints_containers) {
    const struct {
        const char *hex, *printed;
    } rows[] = {
        {"29 00", "()"},
        {"29 01 4e", "(None,)"},
        {"29 02 54 46", "(True, False)"},
        {"5b 00000000", "[]"},
        {"5b 02000000 5b 00000000 4e", "[[], None]"},
        {"7b 30", "{}"},
        {"7b 4e 54 46 7b 30 30", "{None: True, False: {}}"},
        {"3c 00000000", "set()"},
        {"3c 02000000 4e 54", "{None, True}"},
        {"3e 00000000", "frozenset()"},
        {"3e 01000000 4e", "frozenset({None})"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.hex);
        const auto text = value_to_text(from_hex(row.hex), kUncut);
        ASSERT_TRUE(text);
        EXPECT_EQ(*text, row.printed);
    }
}

TEST(ValueText, cuts_at_the_limit_between_characters) {
    const auto list = [](auto& w) {
        w.begin_list(2);
        w.text("\u00fc\u00fc");
        w.integer(1);
        w.end();
    };
    const struct {
        std::size_t limit;
        const char* text;
    } rows[] = {
        {kUncut, "['\u00fc\u00fc', 1]"},
        {11, "['\u00fc\u00fc', 1]"},
        {10, "['\u00fc\u00fc'..."},
        {9, "['\u00fc\u00fc..."},
        {8, "['\u00fc..."},
        {7, "['\u00fc..."},
        {6, "['..."},
        {3, "..."},
        {0, "..."},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.limit);
        EXPECT_EQ(text_of(list, row.limit), row.text);
    }
}

TEST(ValueText, never_grows_past_the_limit) {
    const std::string escaped(100, '\x01');
    const auto bytes = from_hex("7b 4e 78 03 312e35 03 312e35 54 3e 00000000 30");
    for (std::size_t limit = 3; limit < 60; ++limit) {
        EXPECT_LE(text_of([&](auto& w) { w.text(escaped); }, limit).size(), limit);
        EXPECT_LE(text_of([&](auto& w) { w.bytes(as_bytes(escaped)); }, limit).size(), limit);
        EXPECT_LE(text_of([&](auto& w) { w.big_integer(false, as_bytes(escaped)); }, limit).size(),
                  limit);
        const auto text = value_to_text(bytes, limit);
        ASSERT_TRUE(text);
        EXPECT_LE(text->size(), limit);
    }
}

TEST(ValueText, says_why_bytes_are_no_value) {
    const auto text = value_to_text(from_hex("63"), kUncut);
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().code, Errc::bad_packet);
    EXPECT_EQ(text.error().detail, "not a plain value");
}

TEST(ValueText, does_not_look_behind_the_cut) {
    const auto bytes = from_hex("29 02 75 05000000 61 61 61 61 61 63");
    EXPECT_FALSE(value_to_text(bytes, kUncut));
    EXPECT_EQ(value_to_text(bytes, 6).value(), "('a...");
}

}  // namespace
}  // namespace mailslot::wire
