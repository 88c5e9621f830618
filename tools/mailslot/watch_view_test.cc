#include "mailslot/watch_view.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace mailslot::cli {
namespace {

Picture picture_of(std::size_t slots, std::size_t senders) {
    Picture picture;
    picture.seconds = 1;
    picture.machine = {{"rx_datagrams", 9}, {"no_such_slot", 2}, {"bad", 0}};
    for (std::size_t i = 0; i < slots; ++i) {
        SlotRow row;
        row.slot.name = "SLOT" + std::to_string(i);
        row.messages_per_second = static_cast<double>(i);
        row.history = {0, 1, 8};
        picture.slots.push_back(row);
    }
    for (std::size_t i = 0; i < senders; ++i) {
        SenderRow row{.slot = "SLOT0"};
        row.sender.from_host = "host" + std::to_string(i);
        picture.senders.push_back(row);
    }
    return picture;
}

TEST(WatchView, writes_rates_short) {
    const struct {
        double rate;
        const char* text;
    } cases[] = {{0, "0"},      {0.5, "0.5"},      {9.9, "9.9"},
                 {10.2, "10"},  {9999, "9999"},    {12'345, "12.3k"},
                 {4e6, "4.0M"}, {999'999, "1.0M"}, {2.5e9, "2.5G"}};
    for (const auto& c : cases) EXPECT_EQ(rate_text(c.rate), c.text) << c.rate;
}

TEST(WatchView, draws_bars_by_their_share_of_the_largest) {
    EXPECT_EQ(bars({}, true), "");
    EXPECT_EQ(bars({0, 0}, true), "  ");
    EXPECT_EQ(bars({0, 1, 4, 8}, false), " .=@");
    EXPECT_EQ(bars({8, 1}, true), "\u2588\u2581");
}

TEST(WatchView, fits_the_screen_whatever_its_size) {
    for (const std::size_t slots : {0u, 1u, 5u, 100u}) {
        for (const std::size_t senders : {0u, 1u, 50u}) {
            for (const std::size_t rows : {1u, 5u, 10u, 24u, 200u}) {
                SCOPED_TRACE(std::to_string(slots) + " " + std::to_string(senders) + " " +
                             std::to_string(rows));
                const std::string text =
                    draw_screen(picture_of(slots, senders), {20, rows, false, false}, "box");
                EXPECT_LT(static_cast<std::size_t>(std::ranges::count(text, '\n')), rows);
                std::size_t begin = text.find('H') + 1;
                while (begin < text.size()) {
                    const std::size_t end = std::min(text.find("\x1b[K", begin), text.size());
                    EXPECT_LE(end - begin, 22u);  // and the end of a line
                    begin = end + 3;
                }
            }
        }
    }
}

TEST(WatchView, says_how_many_do_not_fit_and_shows_the_busiest) {
    const std::string text = draw_screen(picture_of(100, 60), {80, 24, false, false}, "box");
    EXPECT_NE(text.find("SLOT99"), text.npos);
    EXPECT_NE(text.find(" more slots"), text.npos);
    EXPECT_NE(text.find(" more senders"), text.npos);
    EXPECT_NE(text.find("rx_datagrams 9, no_such_slot 2\x1b"), text.npos);
}

TEST(WatchView, marks_what_loses_in_red_and_lets_no_name_drive_the_terminal) {
    Picture picture = picture_of(1, 0);
    picture.slots[0].slot.name = "A\x1b[2J";
    picture.slots[0].lost_now = 1;
    picture.slots[0].slot.lost.network_gap = 3;
    const std::string text = draw_screen(picture, {80, 24, true, true}, "box");
    EXPECT_EQ(text.find("\x1b[2J"), text.npos);
    EXPECT_NE(text.find("\x1b[31mA\\x1b[2J"), text.npos);
    EXPECT_NE(text.find("network_gap 3"), text.npos);
}

TEST(WatchView, has_a_row_for_each_slot_where_there_is_no_screen) {
    const std::string text = plain_rows(picture_of(2, 0));
    EXPECT_EQ(std::ranges::count(text, '\n'), 3);
    EXPECT_EQ(text.find('\x1b'), text.npos);
    EXPECT_NE(plain_rows(picture_of(0, 0)).find("no slots"), text.npos);
}

}  // namespace
}  // namespace mailslot::cli
