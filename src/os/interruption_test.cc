#include "os/interruption.h"

#include <gtest/gtest.h>

namespace mailslot::os {
namespace {

using std::chrono::steady_clock;

TEST(Interruption, leaves_a_wait_alone_that_nothing_interrupts) {
    Interruption none;
    EXPECT_FALSE(none.has_come());
    EXPECT_EQ(none.end_of_sleep(std::nullopt), std::nullopt);
    const auto deadline = steady_clock::now() + std::chrono::hours(1);
    EXPECT_EQ(none.end_of_sleep(deadline), deadline);
}

TEST(Interruption, cuts_a_wait_into_sleeps_that_grow_up_to_a_limit) {
    Interruption some([] { return false; });
    auto expected = kShortestSleep;
    for (int i = 0; i < 8; ++i) {
        const auto before = steady_clock::now();
        const Deadline until = some.end_of_sleep(std::nullopt);
        ASSERT_TRUE(until);
        EXPECT_GE(*until, before + expected);
        EXPECT_LE(*until, steady_clock::now() + expected);
        expected = std::min(2 * expected, kLongestSleep);
    }
    EXPECT_EQ(expected, kLongestSleep);
}

TEST(Interruption, never_sleeps_beyond_the_deadline) {
    Interruption some([] { return false; });
    const auto soon = steady_clock::now();
    EXPECT_EQ(some.end_of_sleep(soon), soon);
    EXPECT_TRUE(Interruption([] { return true; }).has_come());
}

}  // namespace
}  // namespace mailslot::os
