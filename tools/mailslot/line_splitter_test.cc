#include "mailslot/line_splitter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace mailslot::cli {
namespace {

using namespace std::string_view_literals;

// Returns the lines of `stream` if it comes in pieces of `piece` bytes.
std::vector<std::string> split(std::string_view stream, std::size_t piece) {
    LineSplitter splitter(4);
    std::vector<std::string> lines;
    while (!stream.empty()) {
        const std::span<char> room = splitter.room();
        const std::size_t count = std::min({piece, room.size(), stream.size()});
        std::copy_n(stream.begin(), count, room.begin());
        stream.remove_prefix(count);
        for (const std::string_view line : splitter.added(count)) lines.emplace_back(line);
    }
    if (!splitter.rest().empty()) lines.emplace_back(splitter.rest());
    return lines;
}

struct Case {
    const char* what;
    std::string_view stream;
    std::vector<std::string> lines;
};

TEST(LineSplitter, gives_the_same_lines_however_the_bytes_come) {
    const Case cases[] = {
        {"nothing", "", {}},
        {"one line", "abc\n", {"abc"}},
        {"last line without newline", "abc\ndef", {"abc", "def"}},
        {"empty lines count", "\n\na\n\n", {"", "", "a", ""}},
        {"longer than a block",
         std::string_view("0123456789abcdef\nx\n"),
         {"0123456789abcdef", "x"}},
        {"NUL and return are bytes",
         "a\0b\r\n\0"sv,
         {std::string("a\0b\r", 4), std::string("\0", 1)}},
    };
    for (const Case& c : cases) {
        for (const std::size_t piece : {1u, 2u, 3u, 5u, 1000u}) {
            SCOPED_TRACE(std::string(c.what) + " in pieces of " + std::to_string(piece));
            EXPECT_EQ(split(c.stream, piece), c.lines);
        }
    }
}

TEST(LineSplitter, skips_a_line_to_its_newline_however_the_bytes_come) {
    constexpr std::string_view kStream = "before\n0123456789 too long\nafter\n";
    for (const std::size_t piece : {1u, 3u, 7u, 12u, 20u}) {
        SCOPED_TRACE(piece);
        std::vector<std::string> lines;
        LineSplitter splitter(64);
        for (std::string_view rest = kStream; !rest.empty();) {
            const std::size_t count = std::min(piece, rest.size());
            std::copy_n(rest.begin(), count, splitter.room().begin());
            rest.remove_prefix(count);
            for (const std::string_view line : splitter.added(count)) lines.emplace_back(line);
            if (splitter.rest().size() >= 7) splitter.skip_line();
            EXPECT_LT(splitter.rest().size(), 7u);
        }
        EXPECT_EQ(lines.front(), "before");
        EXPECT_EQ(lines.back(), "after");
        EXPECT_TRUE(splitter.rest().empty());
    }
}

TEST(LineSplitter, that_skips_has_no_rest_at_the_end) {
    LineSplitter splitter(64);
    std::copy_n("long", 4, splitter.room().begin());
    splitter.added(4);
    splitter.skip_line();
    std::copy_n("er", 2, splitter.room().begin());
    splitter.added(2);
    EXPECT_TRUE(splitter.rest().empty());
}

TEST(LineSplitter, always_has_room_for_a_block) {
    LineSplitter splitter(16);
    for (int i = 0; i < 100; ++i) {
        const auto room = splitter.room();
        ASSERT_GE(room.size(), 16u);
        std::fill_n(room.begin(), 16, 'x');
        splitter.added(16);
    }
    EXPECT_EQ(splitter.rest().size(), 1600u);
}

}  // namespace
}  // namespace mailslot::cli
