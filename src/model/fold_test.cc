#include "model/fold.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>

#include "model/testing/unicode_gen.h"

namespace mailslot {
namespace {

struct FoldRow {
    std::uint32_t first, last, step;
    std::int32_t delta;
};
#include "model/fold_table.inc"

constexpr char32_t kCodePoints = 0x110000;

bool is_surrogate(char32_t c) { return c >= 0xD800 && c <= 0xDFFF; }

TEST(Fold, maps_each_code_point_as_the_generator_of_the_table_did) {
    std::uint64_t checksum = 0xcbf29ce484222325;
    std::size_t pairs = 0;
    for (char32_t c = 0; c < kCodePoints; ++c) {
        if (fold(c) == c) continue;
        ++pairs;
        for (const std::uint64_t word : {c, fold(c)}) checksum = (checksum ^ word) * 0x100000001b3;
    }
    EXPECT_EQ(pairs, kFoldPairs);
    EXPECT_EQ(checksum, kFoldChecksum);
}

TEST(Fold, keeps_its_rows_in_order_for_the_search) {
    for (std::size_t i = 1; i < std::size(kFoldRows); ++i) {
        SCOPED_TRACE(i);
        EXPECT_GT(kFoldRows[i].first, kFoldRows[i - 1].last);
    }
}

TEST(Fold, of_every_code_point_is_idempotent_and_well_formed) {
    for (char32_t c = 0; c < kCodePoints; ++c) {
        const char32_t once = fold(c);
        ASSERT_EQ(fold(once), once) << std::hex << static_cast<std::uint32_t>(c);
        ASSERT_LT(once, kCodePoints);
        ASSERT_EQ(is_surrogate(once), is_surrogate(c)) << std::hex << static_cast<std::uint32_t>(c);
    }
}

TEST(Fold, leaves_what_lies_outside_unicode_alone) {
    EXPECT_EQ(fold(char32_t{0x110000}), char32_t{0x110000});
    EXPECT_EQ(fold(char32_t{0xFFFFFFFF}), char32_t{0xFFFFFFFF});
}

struct FoldCase {
    const char* what;
    std::string_view text, folded;
};

constexpr FoldCase kFoldCases[] = {
    {"nothing", "", ""},
    {"ASCII", "az AZ 09 [`{@", "AZ AZ 09 [`{@"},
    {"Latin", "été", "ÉTÉ"},
    {"no letters of two cases", "中", "中"},
    {"Greek, both small sigmas", "ΣσςΆά", "ΣΣΣΆΆ"},
    {"Cyrillic", "привет", "ПРИВЕТ"},
    {"Georgian", "ა", "Ა"},
    {"above the first plane", "𐐨", "𐐀"},
    {"no single capital: stays", "ßŉǰﬁ", "ßŉǰﬁ"},
    {"the capital sharp s is another letter", "ẞ", "ẞ"},
    {"one of several capitals: the simple one", "ᾀᾳ", "ᾈᾼ"},
    {"title case folds too", "ǆǅǄ", "ǄǄǄ"},
    {"dotless i", "ı", "I"},
    {"dotted capital I stays", "İ", "İ"},
    {"long s", "ſ", "S"},
    {"micro sign becomes Greek", "µ", "Μ"},
    {"y with diaeresis", "ÿ", "Ÿ"},
    {"grows by a byte", "ɐ", "Ɐ"},
    {"no normal forms: a combining accent stays apart", "e\u0301", "E\u0301"},
    {"a zero character", {"a\0b", 3}, {"A\0B", 3}},
};

TEST(Fold, of_text_folds_code_point_by_code_point) {
    for (const FoldCase& c : kFoldCases) {
        SCOPED_TRACE(c.what);
        EXPECT_EQ(fold(c.text), c.folded);
    }
}

struct Utf8Case {
    const char* what;
    std::string_view text;
    bool is_good;
};

constexpr Utf8Case kUtf8Cases[] = {
    {"nothing", "", true},
    {"one byte, the last", "\x7F", true},
    {"two bytes, the first", "\xC2\x80", true},
    {"two bytes, the last", "\xDF\xBF", true},
    {"three bytes, the first", "\xE0\xA0\x80", true},
    {"the last before the surrogates", "\xED\x9F\xBF", true},
    {"the first after them", "\xEE\x80\x80", true},
    {"three bytes, the last", "\xEF\xBF\xBF", true},
    {"four bytes, the first", "\xF0\x90\x80\x80", true},
    {"U+10FFFF", "\xF4\x8F\xBF\xBF", true},
    {"a lone continuation", "\x80", false},
    {"overlong in two bytes", "\xC0\x80", false},
    {"overlong in two bytes, the last", "\xC1\xBF", false},
    {"overlong in three bytes", "\xE0\x9F\xBF", false},
    {"overlong in four bytes", "\xF0\x8F\xBF\xBF", false},
    {"the first surrogate", "\xED\xA0\x80", false},
    {"the last surrogate", "\xED\xBF\xBF", false},
    {"U+110000", "\xF4\x90\x80\x80", false},
    {"a lead byte above all", "\xF5\x80\x80\x80", false},
    {"five bytes", "\xF8\x88\x80\x80\x80", false},
    {"no lead byte", "\xFF", false},
    {"cut after one of two", "\xC3", false},
    {"cut after two of three", "\xE4\xB8", false},
    {"cut after three of four", "\xF0\x9F\x98", false},
    {"a letter where a continuation should be", "\xC3\x41", false},
    {"a lead where a continuation should be", "\xE4\xB8\xC3\xA9", false},
    {"Latin-1", "caf\xE9", false},
};

TEST(Utf8, is_taken_strictly) {
    for (const Utf8Case& c : kUtf8Cases) {
        SCOPED_TRACE(c.what);
        EXPECT_EQ(is_utf8(c.text), c.is_good);
        EXPECT_EQ(fold(c.text).has_value(), c.is_good);
    }
}

TEST(Utf16, units_are_counted_as_windows_does) {
    EXPECT_EQ(utf16_units(""), 0u);
    EXPECT_EQ(utf16_units("abc"), 3u);
    EXPECT_EQ(utf16_units("é中"), 2u);
    EXPECT_EQ(utf16_units("😀"), 2u);
    EXPECT_EQ(utf16_units("\xF4\x8F\xBF\xBF"), 2u);
}

RC_GTEST_PROP(Fold, of_any_text_is_idempotent_and_keeps_its_length_in_utf16, ()) {
    const std::string text = *testing::text_of(testing::any_code_point());
    const auto once = fold(text);
    RC_ASSERT(once.has_value());
    RC_ASSERT(fold(*once) == once);
    RC_ASSERT(utf16_units(*once) == utf16_units(text));
}

RC_GTEST_PROP(Fold, refuses_what_is_utf8_refuses, (const std::string& bytes)) {
    RC_ASSERT(fold(bytes).has_value() == is_utf8(bytes));
}

}  // namespace
}  // namespace mailslot
