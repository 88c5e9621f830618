#include "carrier/pace/send_bucket.h"

#include <gtest/gtest.h>

namespace mailslot {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr double kRate = 1e6;  // 1000 bytes a millisecond

class SendBucketTest : public testing::Test {
protected:
    nanoseconds send(double bytes) {
        const auto wait = bucket_.wait(bytes, kRate, 2000, now_);
        if (wait == nanoseconds::zero()) bucket_.take(bytes);
        return wait;
    }

    SendBucket bucket_;
    SendBucket::Instant now_{std::chrono::hours(1)};
};

TEST_F(SendBucketTest, lets_a_burst_go_and_then_keeps_to_the_rate) {
    EXPECT_EQ(send(1000), nanoseconds::zero());
    EXPECT_EQ(send(1000), nanoseconds::zero());
    const auto wait = send(1000);
    EXPECT_NEAR(static_cast<double>(wait.count()), 1e6, 10);
    EXPECT_TRUE(bucket_.is_behind());
    now_ += wait;
    EXPECT_EQ(send(1000), nanoseconds::zero());
    EXPECT_GT(send(1000), nanoseconds::zero());
}

TEST_F(SendBucketTest, lets_more_than_a_burst_go_when_nothing_is_ahead) {
    EXPECT_EQ(send(5000), nanoseconds::zero());
    EXPECT_NEAR(static_cast<double>(send(5000).count()), 5e6, 10);
}

TEST_F(SendBucketTest, lets_saved_bytes_go_at_once) {
    EXPECT_EQ(send(2000), nanoseconds::zero());
    bucket_.save(3000);
    EXPECT_EQ(send(3000), nanoseconds::zero());
    EXPECT_GT(send(1000), nanoseconds::zero());
}

TEST_F(SendBucketTest, follows_a_change_of_the_rate) {
    EXPECT_EQ(send(2000), nanoseconds::zero());
    EXPECT_NEAR(static_cast<double>(bucket_.wait(1000, kRate / 10, 2000, now_).count()), 1e7, 10);
}

TEST_F(SendBucketTest, a_writer_that_is_slower_than_the_rate_is_not_behind) {
    EXPECT_EQ(send(1000), nanoseconds::zero());
    now_ += milliseconds(10);
    EXPECT_EQ(send(1000), nanoseconds::zero());
    now_ += milliseconds(10);
    (void)bucket_.wait(1000, kRate, 2000, now_);
    EXPECT_FALSE(bucket_.is_behind());
}

}  // namespace
}  // namespace mailslot
