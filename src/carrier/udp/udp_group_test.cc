#include "carrier/udp/udp_group.h"

#include <gtest/gtest.h>

namespace mailslot {
namespace {

using Family = IpAddress::Family;

const IpAddress kFour = IpAddress::v4(10, 0, 0, 1);
const IpAddress kSix{Family::v6, {0xfe, 0x80}, 2};

os::Interface lo() {
    return {.index = 1,
            .name = "lo",
            .up = true,
            .running = true,
            .loopback = true,
            .ipv4 = {IpAddress::v4(127, 0, 0, 1)},
            .ipv6 = {kSix}};
}
os::Interface eth(std::uint32_t index) {
    return {.index = index,
            .name = "eth" + std::to_string(index),
            .up = true,
            .running = true,
            .multicast = true,
            .ipv4 = {kFour},
            .ipv6 = {kSix}};
}
Link v4(std::uint32_t index) { return {Family::v4, index}; }
Link v6(std::uint32_t index) { return {Family::v6, index}; }
using Links = std::vector<Link>;

TEST(UdpGroup, has_the_addresses_of_the_protocol_page) {
    EXPECT_EQ(to_string(group_address(Family::v4)), "239.255.71.38");
    EXPECT_EQ(to_string(group_address(Family::v6)), "ff02::6d73:6c74");
}

TEST(UdpGroup, listens_on_every_interface_that_is_up_and_the_loopback) {
    os::Interface down = eth(3);
    down.up = false;
    const std::vector<os::Interface> all{lo(), eth(2), down};
    EXPECT_EQ(listening_links(all, {}), (Links{v4(1), v4(2), v6(1), v6(2)}));
}

TEST(UdpGroup, listens_first_where_a_link_is_there) {
    os::Interface idle = eth(2);
    idle.running = false;
    const std::vector<os::Interface> all{lo(), idle, eth(3)};
    EXPECT_EQ(listening_links(all, {}), (Links{v4(1), v4(3), v4(2), v6(1), v6(3), v6(2)}));
}

TEST(UdpGroup, leaves_out_interfaces_that_cannot_multicast_unless_they_are_named) {
    os::Interface tunnel = eth(2);
    tunnel.multicast = false;
    const std::vector<os::Interface> all{lo(), tunnel};
    EXPECT_EQ(listening_links(all, {.families = Families::ipv4}), Links{v4(1)});
    const Settings named{.families = Families::ipv4, .interfaces = {"eth2"}};
    EXPECT_EQ(listening_links(all, named), Links{v4(2)});
}

TEST(UdpGroup, uses_an_interface_only_in_families_of_which_it_has_an_address) {
    os::Interface only4 = eth(2), only6 = eth(3);
    only4.ipv6.clear();
    only6.ipv4.clear();
    const std::vector<os::Interface> all{only4, only6};
    EXPECT_EQ(listening_links(all, {}), (Links{v4(2), v6(3)}));
    EXPECT_EQ(sending_links(all, {}), (Links{v4(2), v6(3)}));
}

TEST(UdpGroup, keeps_to_the_families_of_the_settings) {
    const std::vector<os::Interface> all{eth(2)};
    EXPECT_EQ(listening_links(all, {.families = Families::ipv4}), Links{v4(2)});
    EXPECT_EQ(sending_links(all, {.families = Families::ipv6}), Links{v6(2)});
}

TEST(UdpGroup, sends_by_every_interface_but_not_by_the_loopback) {
    const std::vector<os::Interface> all{lo(), eth(2), eth(3)};
    EXPECT_EQ(sending_links(all, {}), (Links{v4(2), v4(3), v6(2), v6(3)}));
}

TEST(UdpGroup, sends_by_the_loopback_where_nothing_else_is_there) {
    const std::vector<os::Interface> alone{lo()};
    const Link v4_loopback{Family::v4, 1, IpAddress::v4(127, 0, 0, 1), true};
    const Link v6_loopback{Family::v6, 1, {}, true};
    EXPECT_EQ(sending_links(alone, {}), Links{v4_loopback});
    EXPECT_EQ(sending_links(alone, {.families = Families::ipv6}), Links{v6_loopback});
    const std::vector<os::Interface> two{lo(), eth(2)};
    EXPECT_EQ(sending_links(two, {.interfaces = {"lo"}}), Links{v4_loopback});
}

TEST(UdpGroup, listens_but_does_not_send_where_the_link_is_missing) {
    os::Interface unplugged = eth(2);
    unplugged.running = false;
    const std::vector<os::Interface> all{unplugged, eth(3)};
    const Settings only4{.families = Families::ipv4};
    EXPECT_EQ(listening_links(all, only4), (Links{v4(3), v4(2)}));
    EXPECT_EQ(sending_links(all, only4), Links{v4(3)});
}

TEST(UdpGroup, lets_in_what_comes_by_named_interfaces_and_from_this_machine) {
    const std::vector<os::Interface> all{lo(), eth(2), eth(3)};
    EXPECT_TRUE(allowed_interfaces(all, {}).empty());
    EXPECT_EQ(allowed_interfaces(all, {.interfaces = {"eth3"}}),
              (std::vector<std::uint32_t>{1, 3}));
}

}  // namespace
}  // namespace mailslot
