#include "os/network_state.h"

#include <gtest/gtest.h>

namespace mailslot::os {
namespace {

using Family = IpAddress::Family;

// Of a Linux 6.18.
constexpr const char* kTable =
    "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode ref pointer drops            \n"
    "  392: 00000000:42F2 00000000:0000 07 00000000:00000300 00:00000000 00000000     0        0 "
    "30111 2 0000000000000000 17        \n"
    "  393: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   101        0 "
    "30112 2 0000000000000000 0         \n"
    "  394: broken\n";

TEST(NetworkState, finds_who_has_a_port_and_what_was_dropped_there) {
    const auto users = parse_udp_table(kTable, Family::v4, 17138);
    ASSERT_EQ(users.size(), 1u);
    EXPECT_EQ(users[0].inode, 30111u);
    EXPECT_EQ(users[0].drops, 17u);
    EXPECT_EQ(users[0].family, Family::v4);
    EXPECT_TRUE(parse_udp_table(kTable, Family::v4, 99).empty());
    EXPECT_TRUE(parse_udp_table("", Family::v4, 99).empty());
}

}  // namespace
}  // namespace mailslot::os
