#include "carrier/udp/pacer.h"

#include <gtest/gtest.h>

namespace mailslot {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::uint64_t kRate = 100'000'000;  // 100 KB per millisecond

class PacerTest : public testing::Test {
protected:
    // Sends as soon as the pacer permits.
    nanoseconds send(std::size_t bytes) {
        const auto wait = pacer_.count(bytes, now_);
        now_ += wait;
        return wait;
    }

    Pacer pacer_{kRate};
    Pacer::Instant now_{std::chrono::hours(1)};
};

TEST_F(PacerTest, lets_a_burst_go_at_once_and_no_more) {
    EXPECT_EQ(send(kBurstBytes / 2), nanoseconds::zero());
    EXPECT_EQ(send(kBurstBytes / 2), nanoseconds::zero());
    EXPECT_GT(send(1000), nanoseconds::zero());
}

TEST_F(PacerTest, keeps_a_long_stream_to_the_rate) {
    const auto begun = now_;
    for (int i = 0; i < 1000; ++i) send(60'000);
    const auto took = std::chrono::duration_cast<milliseconds>(now_ - begun);
    EXPECT_NEAR(static_cast<double>(took.count()), 1000 * 60'000 / 1e5 - kBurstBytes / 1e5, 2);
}

TEST_F(PacerTest, lets_a_burst_go_again_after_a_rest) {
    for (int i = 0; i < 100; ++i) send(60'000);
    now_ += milliseconds(1);
    EXPECT_EQ(send(60'000), nanoseconds::zero());
    EXPECT_GT(send(60'000), nanoseconds::zero());
    now_ += std::chrono::hours(1000);
    EXPECT_EQ(send(kBurstBytes), nanoseconds::zero());
    EXPECT_GT(send(60'000), nanoseconds::zero());
}

TEST_F(PacerTest, makes_up_for_sleeping_too_long) {
    const auto begun = now_;
    for (int i = 0; i < 1000; ++i) {
        if (send(60'000) > nanoseconds::zero()) now_ += std::chrono::microseconds(60);
    }
    const auto took = std::chrono::duration_cast<milliseconds>(now_ - begun);
    EXPECT_NEAR(static_cast<double>(took.count()), 1000 * 60'000 / 1e5, 3);
}

TEST_F(PacerTest, lets_more_go_at_once_where_the_rate_is_high) {
    constexpr std::size_t kMore = 10 * kBurstBytes;
    Pacer fast(kMore * kBurstsPerSecond);
    EXPECT_EQ(fast.count(kMore, now_), nanoseconds::zero());
    EXPECT_GT(fast.count(1000, now_), nanoseconds::zero());
}

TEST_F(PacerTest, never_waits_where_there_is_no_bound) {
    Pacer none(0);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(none.count(1 << 30, now_), nanoseconds::zero());
}

}  // namespace
}  // namespace mailslot
