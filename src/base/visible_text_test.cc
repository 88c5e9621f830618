#include "base/visible_text.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace mailslot {
namespace {

using namespace std::string_view_literals;

struct Case {
    const char* what;
    std::string_view in, out;
};

using Append = void (*)(std::string&, std::string_view);

std::string shown(Append append, std::string_view text) {
    std::string out;
    append(out, text);
    return out;
}

TEST(VisibleText, shows_what_drives_a_terminal_ends_a_line_or_turns_it_round) {
    constexpr Case kCases[] = {
        {"plain text and tabs stay", "a\tb\\x1b", "a\tb\\x1b"},
        {"escape sequence", "\x1b[2J", "\\x1b[2J"},
        {"NUL, return, delete", "\0\r\x7f"sv, "\\x00\\x0d\\x7f"},
        {"newline, vertical tab, form feed", "\n\v\f", "\\x0a\\x0b\\x0c"},
        {"CSI and NEL of C1, in UTF-8", "\u009b2J\u0085", "\\x9b2J\\x85"},
        {"raw bytes of C1", "\x9b 31m\x85", "\\x9b 31m\\x85"},
        {"separators of lines and paragraphs", "\u2028\u2029", "\\u2028\\u2029"},
        {"override and isolate", "\u202ea\u2066", "\\u202ea\\u2066"},
        {"marks of the direction", "\u200e\u200f\u061c", "\\u200e\\u200f\\u061c"},
        {"letters of any language stay", "\u00fc\u4e16\U0001f600", "\u00fc\u4e16\U0001f600"},
        {"what joins emoji stays", "\u200d", "\u200d"},
        {"Latin-1", "caf\xe9 au lait", "caf\\xe9 au lait"},
        {"a character that is cut", "a\xe2\x80", "a\\xe2\\x80"},
        {"a control in too many bytes", "\xc0\x9b", "\\xc0\\x9b"},
    };
    for (const Case& c : kCases) {
        SCOPED_TRACE(c.what);
        EXPECT_EQ(shown(append_visible, c.in), c.out);
    }
}

TEST(VisibleText, a_cell_cannot_imitate_the_gap_behind_it) {
    constexpr Case kCases[] = {
        {"a name", "ALPHA-1.lab", "ALPHA-1.lab"},
        {"blank and tab", "ALPHA  done\t", "ALPHA\\x20\\x20done\\x09"},
        {"newline", "A\nB", "A\\x0aB"},
        {"white space of Unicode", "A\u00a0\u2003\u3000", "A\\xa0\\u2003\\u3000"},
        {"what has no width", "A\u200b\u2060\ufeff", "A\\u200b\\u2060\\ufeff"},
        {"a tag", "A\U000e0041", "A\\U000e0041"},
        {"no name", "", "-"},
    };
    for (const Case& c : kCases) {
        SCOPED_TRACE(c.what);
        EXPECT_EQ(shown(append_cell, c.in), c.out);
    }
}

TEST(VisibleText, a_cell_of_a_table_keeps_a_blank_by_itself) {
    constexpr Case kCases[] = {
        {"a name of two words", "MY SLOT", "MY SLOT"},
        {"two blanks", "MY  0", "MY \\x200"},
        {"blanks at the edges", " A ", "\\x20A\\x20"},
        {"only blanks", "   ", "\\x20\\x20\\x20"},
        {"no-break space", "A\u00a0B", "A\\xa0B"},
        {"control", "A\x1b", "A\\x1b"},
        {"no name", "", "-"},
    };
    for (const Case& c : kCases) {
        SCOPED_TRACE(c.what);
        EXPECT_EQ(shown(append_table_cell, c.in), c.out);
    }
}

TEST(VisibleText, shows_no_control_whatever_comes) {
    std::string all;
    for (int first = 0; first < 256; ++first) {
        for (const char second : {'\x85', '\x9b', 'A', '\xe2'}) {
            all += static_cast<char>(first);
            all += second;
        }
    }
    const std::string out = shown(append_visible, all);
    for (std::string_view left = out; !left.empty();) {
        const char32_t code_point = take_code_point(left);
        ASSERT_NE(code_point, kNotUtf8);
        EXPECT_TRUE(code_point == '\t' || !is_control(code_point)) << std::size_t{code_point};
    }
}

}  // namespace
}  // namespace mailslot
