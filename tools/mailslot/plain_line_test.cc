#include "mailslot/plain_line.h"

#include <gtest/gtest.h>

namespace mailslot::cli {
namespace {

using namespace std::string_view_literals;

std::string line(const ShownMessage& message, const PlainStyle& style) {
    std::string out;
    append_plain_line(out, message, style);
    return out;
}

TEST(PlainLine, marks_every_line_of_what_is_not_trusted_where_that_is_asked_for) {
    ShownMessage message{.from_host = "h", .data = "a\nb", .trust = Trust::none};
    EXPECT_EQ(line(message, {.marks = true}), "[not trusted] a\n[not trusted] b\n");
    EXPECT_EQ(line(message, {.columns = true, .marks = true}),
              "h            [not trusted] a\n             [not trusted] b\n");
    EXPECT_EQ(line(message, {}), "a\nb\n");
    for (const Trust trust : {Trust::domain, Trust::local}) {
        message.trust = trust;
        EXPECT_EQ(line(message, {.marks = true}), "a\nb\n");
    }
}

TEST(PlainLine, shows_a_record_of_winsys_where_something_is_added_to_messages) {
    const ShownMessage message{
        .from_host = "A", .data = "\xfa\x01x"sv, .record = "x", .format = Format::bytes};
    EXPECT_EQ(line(message, {.columns = true}), "A            x\n");
    EXPECT_EQ(line(message, {.visible = true}), "x\n");
    EXPECT_EQ(line(message, {}), "\xfa\x01x\n");
}

struct ForgedCase {
    const char* what;
    std::string_view host, data;
    const char* line;
};

TEST(PlainLine, no_message_forges_the_line_of_another_host_in_a_file) {
    constexpr ForgedCase kCases[] = {
        {"newline", "EVIL", "x\nALPHA        done",
         "EVIL         x\n             ALPHA        done\n"},
        {"newline at the end", "EVIL", "x\n", "EVIL         x\n             \n"},
        {"return", "EVIL", "x\rALPHA", "EVIL         x\\x0dALPHA\n"},
        {"vertical tab, form feed", "EVIL", "x\vA\fB", "EVIL         x\\x0bA\\x0cB\n"},
        {"next line", "EVIL", "x\u0085ALPHA", "EVIL         x\\x85ALPHA\n"},
        {"separators", "EVIL", "x\u2028A\u2029B", "EVIL         x\\u2028A\\u2029B\n"},
        {"cursor up", "EVIL", "x\x1b[A", "EVIL         x\\x1b[A\n"},
        {"a host with a text", "ALPHA  done", "x", "ALPHA\\x20\\x20done x\n"},
        {"a host with a newline", "E\nALPHA", "x", "E\\x0aALPHA   x\n"},
        {"a host like a further line", " ", "x", "\\x20         x\n"},
        {"no host", "", "x", "-            x\n"},
    };
    for (const ForgedCase& c : kCases) {
        SCOPED_TRACE(c.what);
        const ShownMessage message{.from_host = c.host, .data = c.data};
        EXPECT_EQ(line(message, choose_style({.with_host = true}, false, false, 1)), c.line);
    }
}

TEST(PlainLine, makes_what_could_drive_a_terminal_visible) {
    const ShownMessage message{.from_host = "A", .data = "\x1b[2J\t\x9b\u202e"};
    EXPECT_EQ(line(message, {.visible = true}), "\\x1b[2J\t\\x9b\\u202e\n");
}

TEST(PlainLine, keeps_a_message_unchanged_for_files_and_pipes) {
    const ShownMessage message{.from_host = "A", .data = "x\x1b\n\0y"sv};
    EXPECT_EQ(line(message, choose_style({}, false, false, 1)), "x\x1b\n\0y\n"sv);
    EXPECT_EQ(line(message, choose_style({.raw = true}, true, false, 2)), "x\x1b\n\0y"sv);
}

TEST(PlainLine, puts_host_and_slot_before_the_message) {
    const ShownMessage message{.slot = "LOG", .from_host = "FILESRV", .data = "hello"};
    EXPECT_EQ(line(message, choose_style({.with_host = true}, false, false, 1)),
              "FILESRV      hello\n");
    EXPECT_EQ(line(message, choose_style({.with_host = true}, false, false, 2)),
              "FILESRV      LOG        hello\n");
}

TEST(PlainLine, indents_the_further_lines_of_a_message_on_a_terminal) {
    const ShownMessage message{.from_host = "A", .data = "one\nFILESRV      two"};
    EXPECT_EQ(line(message, choose_style({}, true, true, 1)),
              "A            one\n             FILESRV      two\n");
}

TEST(PlainLine, colours_hosts_on_a_terminal_unless_told_not_to) {
    const ShownMessage message{.from_host = "A", .data = "x"};
    EXPECT_NE(line(message, choose_style({}, true, false, 1)).find("\x1b[3"), std::string::npos);
    EXPECT_EQ(line(message, choose_style({}, true, true, 1)).find('\x1b'), std::string::npos);
    EXPECT_EQ(line(message, choose_style({.with_host = true}, false, false, 1)).find('\x1b'),
              std::string::npos);
}

TEST(PlainLine, lets_a_long_host_name_push_its_message) {
    const ShownMessage message{.from_host = "a-very-long-host-name", .data = "x"};
    EXPECT_EQ(line(message, choose_style({.with_host = true}, false, false, 1)),
              "a-very-long-host-name x\n");
}

}  // namespace
}  // namespace mailslot::cli
