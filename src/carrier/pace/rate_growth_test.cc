#include "carrier/pace/rate_growth.h"

#include <gtest/gtest.h>

namespace mailslot {
namespace {

using std::chrono::milliseconds;
using Seconds = RateGrowth::Seconds;

constexpr Seconds kRound{0.001};

class RateGrowthTest : public testing::Test {
protected:
    RateGrowth growth_;
    RateGrowth::Instant now_{std::chrono::hours(1)};
};

TEST_F(RateGrowthTest, grows_by_half_far_below_what_the_path_has_carried) {
    growth_.begin(10e6);
    EXPECT_DOUBLE_EQ(growth_.next(2e6, kRound, now_).value(), 3e6);
}

TEST_F(RateGrowthTest, does_not_step_over_what_the_path_has_carried) {
    growth_.begin(10e6);
    EXPECT_DOUBLE_EQ(growth_.next(6e6, kRound, now_).value(), 7.5e6);
    EXPECT_DOUBLE_EQ(growth_.next(9e6, kRound, now_).value(), 10e6);
}

TEST_F(RateGrowthTest, grows_by_a_sixteenth_beyond_and_doubles_the_step) {
    growth_.begin(10e6);
    double rate = 10e6;
    for (const double gain : {1.0 / 16, 1.0 / 8, 1.0 / 4, 1.0 / 4}) {
        const double next = growth_.next(rate, kRound, now_).value();
        EXPECT_DOUBLE_EQ(next, rate * (1 + gain));
        rate = next;
        now_ += std::chrono::seconds(1);
    }
}

TEST_F(RateGrowthTest, waits_until_a_token_bucket_can_hide_a_step_no_longer) {
    growth_.begin(10e6);
    const double rate = growth_.next(10e6, kRound, now_).value();  // 625 KB/s more
    now_ += milliseconds(100);
    EXPECT_FALSE(growth_.next(rate, kRound, now_));
    now_ += milliseconds(10);  // 68 KB more
    EXPECT_TRUE(growth_.next(rate, kRound, now_));
}

TEST_F(RateGrowthTest, bounds_what_a_step_may_send_too_many_on_a_long_path) {
    growth_.begin(1e9);
    EXPECT_NEAR(growth_.next(100e6, Seconds(0.1), now_).value(), 100e6 + 40 * 1024 / 0.1, 1);
}

TEST_F(RateGrowthTest, pauses) {
    growth_.begin(10e6);
    growth_.pause_until(now_ + milliseconds(50));
    EXPECT_FALSE(growth_.next(1e6, kRound, now_));
    EXPECT_TRUE(growth_.next(1e6, kRound, now_ + milliseconds(50)));
}

TEST_F(RateGrowthTest, begins_with_a_small_step_beyond_what_is_remembered) {
    growth_.begin_remembered(10e6);
    EXPECT_DOUBLE_EQ(growth_.next(9.5e6, kRound, now_).value(), 10e6);
    now_ += std::chrono::seconds(1);
    EXPECT_DOUBLE_EQ(growth_.next(10e6, kRound, now_).value(), 10e6 * (1 + 1.0 / 64));
}

}  // namespace
}  // namespace mailslot
