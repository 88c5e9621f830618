#include "carrier/pace/queue_share.h"

#include <gtest/gtest.h>

namespace mailslot {
namespace {

TEST(QueueShare, shrinks_at_congestion_once_a_round_trip_and_grows_back) {
    QueueShare share;
    share.respond(true, false, 1000, 5000);
    EXPECT_EQ(share.bytes(), 0.7 * QueueShare::kUsual);
    share.respond(true, false, 4999, 9000);  // about bytes that had left before
    EXPECT_EQ(share.bytes(), 0.7 * QueueShare::kUsual);
    share.respond(false, false, 5000, 9000);
    EXPECT_EQ(share.bytes(), 0.7 * QueueShare::kUsual + 512);
    for (std::uint64_t i = 1; i < 1000; ++i) share.respond(false, false, 9000 * i, 9000 * i);
    EXPECT_EQ(share.bytes(), QueueShare::kUsual);
}

TEST(QueueShare, has_a_least_and_a_most) {
    QueueShare small, large;
    for (std::uint64_t i = 0; i < 100; ++i) small.respond(true, false, i, i);
    EXPECT_EQ(small.bytes(), 6 * 1024);
    for (std::uint64_t i = 0; i < 1000; ++i) large.respond(false, true, i, i);
    EXPECT_EQ(large.bytes(), 1024 * 1024);
    large.halve();
    EXPECT_EQ(large.bytes(), 512 * 1024);
    large.reset();
    large.halve();
    EXPECT_EQ(large.bytes(), QueueShare::kUsual);
}

}  // namespace
}  // namespace mailslot
