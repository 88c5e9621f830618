#include "os/interfaces.h"

#include <gtest/gtest.h>

namespace mailslot::os {
namespace {

IpAddress address(const char* text) { return *parse_ip_address(text); }

TEST(Neighbours, are_of_the_networks_of_an_interface) {
    const Interface interface {
        .index = 3, .name = "eth0", .broadcast = true,
        .ipv4 = {address("10.1.16.7"), address("192.168.5.130")},
        .ipv6 = {address("fd00:1:2:3::7")}, .ipv4_prefixes = {20, 25}, .ipv6_prefixes = {
            64
        }
    };
    for (const char* near : {"10.1.16.7", "10.1.31.255", "192.168.5.129", "fd00:1:2:3:ffff::1",
                             "fe80::1%3", "169.254.7.7"}) {
        EXPECT_TRUE(is_neighbour(interface, address(near))) << near;
    }
    for (const char* far : {"10.1.32.1", "10.1.15.255", "192.168.5.127", "8.8.8.8", "0.0.0.0",
                            "fd00:1:2:4::1", "2001:db8::1", "127.0.0.1"}) {
        EXPECT_FALSE(is_neighbour(interface, address(far))) << far;
    }
    EXPECT_FALSE(is_neighbour({.broadcast = true}, address("10.1.16.7")));
}

TEST(Neighbours, are_all_by_the_loopback_and_by_a_tunnel) {
    EXPECT_TRUE(is_neighbour({.loopback = true}, address("10.1.16.7")));
    EXPECT_TRUE(is_neighbour({.broadcast = false}, address("10.1.16.7")));
}

}  // namespace
}  // namespace mailslot::os
