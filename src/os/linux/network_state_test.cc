#include "os/network_state.h"

#include <gtest/gtest.h>

namespace mailslot::os {
namespace {

using Family = IpAddress::Family;

// /proc/net/udp of Linux 6.18.
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
    EXPECT_EQ(users[0].uid, 0u);
    EXPECT_EQ(users[0].drops, 17u);
    EXPECT_EQ(users[0].family, Family::v4);
    EXPECT_EQ(parse_udp_table(kTable, Family::v4, 53).at(0).uid, 101u);
    EXPECT_TRUE(parse_udp_table(kTable, Family::v4, 99).empty());
    EXPECT_TRUE(parse_udp_table("", Family::v4, 99).empty());
}

// /proc/net/igmp and igmp6 of Linux 6.18.
constexpr const char* kIgmp =
    "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n"
    "1\tlo        :     1      V3\n"
    "\t\t\t\t010000E0     1 0:00000000\t\t0\n"
    "2\teth0      :     2      V3\n"
    "\t\t\t\t264701EF     1 0:00000000\t\t0\n"
    "\t\t\t\t010000E0     1 0:00000000\t\t0\n"
    "17\teth1      :     1      V3\n"
    "\t\t\t\t010000E0     1 0:00000000\t\t0\n";
constexpr const char* kIgmp6 =
    "1    lo              ff020000000000000000000000000001     1 0000000C 0\n"
    "2    eth0            ff0200000000000000000000006d736c74     1 00000004 0\n"
    "3    eth1            ff02000000000000000000006d736c74     1 00000004 0\n"
    "17   eth2            ff02000000000000000000006d736c74     2 00000004 0\n";

TEST(NetworkState, finds_where_a_group_is_joined) {
    using Indexes = std::vector<std::uint32_t>;
    const IpAddress v4 = *parse_ip_address("239.1.71.38"),
                    v6 = *parse_ip_address("ff02::6d73:6c74");
    EXPECT_EQ(parse_memberships(kIgmp, v4), Indexes{2});
    EXPECT_EQ(parse_memberships(kIgmp, IpAddress::v4(224, 0, 0, 1)), (Indexes{1, 2, 17}));
    EXPECT_EQ(parse_memberships(kIgmp, IpAddress::v4(224, 0, 0, 2)), Indexes{});
    EXPECT_EQ(parse_memberships(kIgmp6, v6), (Indexes{3, 17}));
    EXPECT_EQ(parse_memberships("", v4), std::nullopt);
    EXPECT_EQ(parse_memberships("Idx\tDevice\n", v4), std::nullopt);
}

}  // namespace
}  // namespace mailslot::os
