#include "office/time_shares.h"

#include <gtest/gtest.h>

namespace mailslot::office {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kAnn = 1001, kBob = 1002;
const Clock::Instant kStart = Clock::Instant(100h);

TEST(TimeShares, gives_each_user_a_share_of_each_window) {
    TimeShares shares;
    EXPECT_EQ(shares.left_of(kBob, kStart), TimeShares::kShare);
    shares.charge(kBob, 5ms, kStart);
    EXPECT_EQ(shares.left_of(kBob, kStart), 15ms);
    EXPECT_EQ(shares.waits_until(kBob, kStart), std::nullopt);
    shares.charge(kBob, 15ms, kStart);
    EXPECT_EQ(shares.left_of(kBob, kStart), 0ms);
    EXPECT_EQ(shares.left_of(kAnn, kStart), TimeShares::kShare);
    EXPECT_EQ(shares.waits_until(kAnn, kStart), std::nullopt);
    const auto until = shares.waits_until(kBob, kStart);
    ASSERT_TRUE(until);
    EXPECT_GT(*until, kStart);
    EXPECT_LE(*until, kStart + TimeShares::kWindow);
    EXPECT_EQ(shares.left_of(kBob, *until), TimeShares::kShare);
    EXPECT_EQ(shares.waits_until(kBob, *until), std::nullopt);
}

TEST(TimeShares, takes_what_was_too_much_from_the_next_windows) {
    TimeShares shares;
    shares.charge(kBob, 50ms, kStart);
    const auto until = shares.waits_until(kBob, kStart);
    ASSERT_TRUE(until);
    EXPECT_GT(*until, kStart + TimeShares::kWindow);
    EXPECT_LE(*until, kStart + 2 * TimeShares::kWindow);
    EXPECT_EQ(shares.left_of(kBob, *until), 10ms);
    EXPECT_EQ(shares.waits_until(kBob, *until - 1ns), until);
}

TEST(TimeShares, forgives_what_took_very_long) {
    TimeShares shares;
    shares.charge(kBob, 1h, kStart);
    EXPECT_TRUE(shares.waits_until(kBob, kStart + 800ms));
    EXPECT_FALSE(shares.waits_until(kBob, kStart + 1100ms));
}

TEST(TimeShares, remembers_a_bounded_number_of_users) {
    TimeShares shares;
    for (std::uint32_t user = 0; user < 100'000; ++user) {
        shares.charge(user, 1ms, kStart + user * 1ms);
    }
    EXPECT_EQ(shares.left_of(99'999, kStart + 99'999ms), 19ms);
    EXPECT_LT(shares.users(), 2000u);
}

TEST(TimeShares, tells_how_many_users_have_none_left) {
    TimeShares shares;
    const Clock::Instant start{};
    EXPECT_EQ(shares.users_without(start), 0u);
    shares.charge(1, TimeShares::kShare, start);
    shares.charge(2, TimeShares::kShare / 2, start);
    EXPECT_EQ(shares.users_without(start), 1u);
    EXPECT_EQ(shares.users_without(start + TimeShares::kWindow), 0u);
}

}  // namespace
}  // namespace mailslot::office
