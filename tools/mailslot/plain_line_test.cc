#include "mailslot/plain_line.h"

#include <gtest/gtest.h>

namespace mailslot::cli {
namespace {

using namespace std::string_view_literals;

std::string line(const Row& row, const PlainStyle& style) {
    std::string out;
    append_plain_line(out, row, style);
    return out;
}

TEST(PlainLine, marks_what_is_not_trusted_where_that_is_asked_for) {
    Row row{.from_host = "h", .data = "a\nb", .trust = Trust::none};
    EXPECT_EQ(line(row, {.marks = true}), "[not trusted] a\nb\n");
    EXPECT_EQ(line(row, {.marks = true, .visible = true}), "[not trusted] a\n              b\n");
    EXPECT_EQ(line(row, {}), "a\nb\n");
    for (const Trust trust : {Trust::domain, Trust::local}) {
        row.trust = trust;
        EXPECT_EQ(line(row, {.marks = true}), "a\nb\n");
    }
}

struct VisibleCase {
    const char* what;
    std::string_view in;
    std::string_view out;
};

TEST(PlainLine, makes_what_could_drive_a_terminal_visible) {
    constexpr VisibleCase kCases[] = {
        {"plain text and tabs stay", "a\tb", "a\tb"},
        {"escape sequence", "\x1b[2J", "\\x1b[2J"},
        {"NUL, return, delete", "\0\r\x7f"sv, "\\x00\\x0d\\x7f"},
        {"C1 control in UTF-8",
         "\xc2\x9b"
         "2J",
         "\\x9b2J"},
        {"other two-byte characters stay", "\xc2\xa0\xc3\xbc", "\xc2\xa0\xc3\xbc"},
        {"cut character at the end", "a\xc2", "a\xc2"},
    };
    for (const VisibleCase& c : kCases) {
        SCOPED_TRACE(c.what);
        std::string out;
        append_visible(out, c.in);
        EXPECT_EQ(out, c.out);
    }
}

TEST(PlainLine, keeps_a_message_unchanged_for_files_and_pipes) {
    const Row row{.from_host = "A", .data = "x\x1b\n\0y"sv};
    EXPECT_EQ(line(row, choose_style({}, false, false, 1)), "x\x1b\n\0y\n"sv);
    EXPECT_EQ(line(row, choose_style({.raw = true}, true, false, 2)), "x\x1b\n\0y"sv);
}

TEST(PlainLine, puts_host_and_slot_before_the_message) {
    const Row row{.slot = "LOG", .from_host = "FILESRV", .data = "hello"};
    EXPECT_EQ(line(row, choose_style({.with_host = true}, false, false, 1)),
              "FILESRV      hello\n");
    EXPECT_EQ(line(row, choose_style({.with_host = true}, false, false, 2)),
              "FILESRV      LOG        hello\n");
}

TEST(PlainLine, indents_the_further_lines_of_a_message_on_a_terminal) {
    const Row row{.from_host = "A", .data = "one\nFILESRV      two"};
    EXPECT_EQ(line(row, choose_style({}, true, true, 1)),
              "A            one\n             FILESRV      two\n");
}

TEST(PlainLine, colours_hosts_on_a_terminal_unless_told_not_to) {
    const Row row{.from_host = "A", .data = "x"};
    EXPECT_NE(line(row, choose_style({}, true, false, 1)).find("\x1b[3"), std::string::npos);
    EXPECT_EQ(line(row, choose_style({}, true, true, 1)).find('\x1b'), std::string::npos);
    EXPECT_EQ(line(row, choose_style({.with_host = true}, false, false, 1)).find('\x1b'),
              std::string::npos);
}

TEST(PlainLine, lets_a_long_host_name_push_its_message) {
    const Row row{.from_host = "a-very-long-host-name", .data = "x"};
    EXPECT_EQ(line(row, choose_style({.with_host = true}, false, false, 1)),
              "a-very-long-host-name x\n");
}

}  // namespace
}  // namespace mailslot::cli
