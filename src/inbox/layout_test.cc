#include "inbox/layout.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <fstream>
#include <map>
#include <string>

namespace mailslot::inbox {
namespace {

// Offsets and fields that the page lists.
std::map<std::size_t, std::string> rows_of_the_page() {
    std::ifstream page(MAILSLOT_SOURCE_DIR "/docs/inbox.md");
    std::map<std::size_t, std::string> rows;
    std::string line;
    while (std::getline(page, line) && line != "## 2. Layout") {
    }
    while (std::getline(page, line) && line != "```") {
    }
    while (std::getline(page, line) && line != "```") {
        std::size_t digits = 0;
        if (line.empty() || line[0] < '0' || line[0] > '9') continue;
        const std::size_t offset = std::stoul(line, &digits);
        rows[offset] = line.substr(line.find_first_not_of(' ', digits), 9);
    }
    return rows;
}

TEST(Layout, is_as_its_page_says) {
    const std::map<std::size_t, std::string> expected = {
        {offsetof(Header, magic), "constants"},
        {offsetof(Header, consumed_count), "reader li"},
        {offsetof(Header, bell), "bell     "},
        {offsetof(Header, room_wanted), "room     "},
        {offsetof(Header, lock), "lock     "},
        {offsetof(Header, selector), "tail     "},
        {offsetof(Header, lost), "lost     "},
        {offsetof(Header, repeats), "post offi"},
        {offsetof(Header, sender_notes), "notes    "},
        {offsetof(Header, closed), "closed, r"},
        {offsetof(Header, machine_number), "machine  "},
        {kHeaderBytes, "block sta"},
    };
    EXPECT_EQ(rows_of_the_page(), expected);
    EXPECT_EQ(offsetof(Header, tails), 528u);
    EXPECT_EQ(kLayoutVersion, 7u);  // another layout must have another number
}

}  // namespace
}  // namespace mailslot::inbox
