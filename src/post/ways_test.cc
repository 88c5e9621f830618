#include "post/ways.h"

#include <gtest/gtest.h>

namespace mailslot::post {
namespace {

using namespace std::chrono_literals;

class WaysTest : public testing::Test {
protected:
    void hear(std::uint32_t way, std::uint64_t next) { ways_.heard(way, next, now_); }
    bool passed(std::uint64_t sequence) const { return ways_.have_passed(sequence, now_); }
    // Hears so much that no further way is expected.
    void know() {
        for (std::uint32_t i = 0; i < kParcelsToKnowWays; ++i) hear(1, 1);
        now_ += kOrderPatience;
    }

    Ways ways_;
    Clock::Instant now_{1h};
};

TEST_F(WaysTest, are_known_when_some_parcels_came_and_some_time_is_over) {
    for (std::uint32_t i = 1; i < kParcelsToKnowWays; ++i) hear(1, 5);
    now_ += 1h;
    EXPECT_FALSE(passed(5));
    hear(1, 5);
    EXPECT_TRUE(passed(5));
    EXPECT_FALSE(passed(6));
}

TEST_F(WaysTest, are_not_known_after_many_parcels_at_one_time) {
    for (std::uint32_t i = 0; i < 2 * kParcelsToKnowWays; ++i) hear(1, 5);
    EXPECT_FALSE(passed(5));
    now_ += kOrderPatience;
    EXPECT_TRUE(passed(5));
}

TEST_F(WaysTest, are_known_at_once_where_the_carrier_has_one) {
    hear(0, 5);
    EXPECT_TRUE(passed(5));
    hear(1, 5);  // the other wire
    EXPECT_FALSE(passed(5));
}

TEST_F(WaysTest, never_go_back) {
    know();
    hear(1, 9);
    hear(1, 3);
    EXPECT_TRUE(passed(9));
}

TEST_F(WaysTest, forget_the_one_that_was_waited_for_in_vain_when_there_are_too_many) {
    know();
    hear(1, 100);
    hear(2, 1);
    ways_.waited_in_vain(100);
    for (std::uint32_t way = 3; way <= kMaxWays; ++way) hear(way, 50);
    EXPECT_FALSE(passed(50));
    hear(99, 50);  // in the place of 2
    EXPECT_TRUE(passed(50));
    hear(98, 50);  // in the place of a way that is at 50
    EXPECT_TRUE(passed(50));
}

}  // namespace
}  // namespace mailslot::post
