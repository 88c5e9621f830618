#include "mailslot/watch_book.h"

#include <gtest/gtest.h>

namespace mailslot::cli {
namespace {

using namespace std::chrono_literals;

SlotInfo slot(std::string name, std::uint64_t received, std::uint64_t lost = 0) {
    SlotInfo info;
    info.name = std::move(name), info.reader_pid = 7;
    info.received = received, info.received_bytes = 10 * received, info.lost.network_gap = lost;
    return info;
}

SenderInfo sender(std::uint64_t origin, std::uint64_t received, std::uint64_t lost = 0) {
    SenderInfo info;
    info.origin = origin, info.received = received, info.lost.network_gap = lost;
    return info;
}

class WatchBookTest : public testing::Test {
protected:
    Picture look(std::vector<SlotInfo> slots,
                 std::vector<std::pair<std::string, SenderInfo>> senders = {}) {
        now_ += 2s;
        Sample sample;
        sample.at = now_, sample.slots = std::move(slots), sample.senders = std::move(senders);
        return book_.add(std::move(sample));
    }
    std::chrono::steady_clock::time_point now_{};
    WatchBook book_;
};

TEST_F(WatchBookTest, knows_no_rate_at_the_first_look) {
    const Picture picture = look({slot("B", 100, 5), slot("A", 1)});
    EXPECT_EQ(picture.seconds, 0);
    EXPECT_EQ(picture.slots[0].slot.name, "A");
    EXPECT_EQ(picture.slots[1].messages_per_second, 0);
    EXPECT_EQ(picture.slots[1].lost_now, 0u);
    EXPECT_TRUE(picture.slots[1].history.empty());
}

TEST_F(WatchBookTest, makes_rates_of_what_came_between_two_looks) {
    look({slot("A", 100)});
    const Picture picture = look({slot("A", 150, 3), slot("NEW", 8)});
    EXPECT_EQ(picture.seconds, 2);
    EXPECT_EQ(picture.slots[0].messages_per_second, 25);
    EXPECT_EQ(picture.slots[0].bytes_per_second, 250);
    EXPECT_EQ(picture.slots[0].lost_now, 3u);
    EXPECT_EQ(picture.slots[1].messages_per_second, 4);
}

TEST_F(WatchBookTest, begins_anew_with_another_reader_and_takes_losses_back) {
    look({slot("A", 100, 4)});
    SlotInfo other = slot("A", 10);
    other.reader_pid = 8;
    EXPECT_EQ(look({other}).slots[0].messages_per_second, 5);
    SlotInfo late = slot("A", 30);
    late.reader_pid = 8;
    EXPECT_EQ(look({late}).slots[0].lost_now, 0u);
    EXPECT_TRUE(look({}).slots.empty());
}

TEST_F(WatchBookTest, keeps_a_bounded_history) {
    for (std::uint64_t i = 0; i < 3 * kHistory; ++i) look({slot("A", i * 2)});
    const Picture picture = look({slot("A", 6 * kHistory)});
    EXPECT_EQ(picture.slots[0].history.size(), kHistory);
    EXPECT_EQ(picture.slots[0].history.back(), 1);
}

TEST_F(WatchBookTest, has_senders_that_lose_and_send_most_first) {
    look({}, {{"A", sender(1, 0)}, {"A", sender(2, 0)}, {"B", sender(1, 0)}});
    const Picture picture =
        look({}, {{"A", sender(1, 2)}, {"A", sender(2, 20)}, {"B", sender(1, 1, 1)}});
    EXPECT_EQ(picture.senders[0].slot, "B");
    EXPECT_EQ(picture.senders[0].lost_now, 1u);
    EXPECT_EQ(picture.senders[1].sender.origin, 2u);
    EXPECT_EQ(picture.senders[1].messages_per_second, 10);
}

}  // namespace
}  // namespace mailslot::cli
