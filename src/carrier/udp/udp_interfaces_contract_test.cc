// The udp carrier on machines with other interfaces than this one: each test runs on a thread that has a
// network namespace to itself. Needs root or unprivileged user namespaces are not enough: skipped without.
#include <gtest/gtest.h>
#include <sched.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

#include "carrier/testing/collect.h"
#include "carrier/udp/udp_carrier.h"
#include "os/interfaces.h"

namespace mailslot {
namespace {

constexpr const char* kNoNamespace = "no right to make a network namespace, or no ip command";

bool shell(const std::string& command) { return std::system((command + " 2>/dev/null").c_str()) == 0; }

// False: it could not be run. Threads of one process may be in different namespaces; `ip`, a child of the
// thread, is in the thread's.
bool in_own_network(const std::function<void()>& test) {
    bool ran = false;
    std::thread([&] {
        if (unshare(CLONE_NEWNET) != 0 || !shell("ip link set lo up")) return;
        ran = true;
        test();
    }).join();
    return ran;
}

Settings plain_settings() {
    Settings settings;
    settings.families = Families::ipv4;
    return settings;
}

Envelope message(std::uint64_t sequence) {
    Envelope out;
    out.slot = "S";
    out.origin = 5;
    out.sequence = sequence;
    return out;
}

// A pair of linked interfaces, in-N and out-N, with an address on in-N.
bool add_pair(int n) {
    const std::string number = std::to_string(n);
    const std::string in = "in" + number, out = "out" + number;
    return shell("ip link add " + in + " type veth peer name " + out) &&
           shell("ip addr add 10.9." + number + ".1/24 dev " + in) &&
           shell("ip link set " + in + " up") && shell("ip link set " + out + " up");
}

TEST(UdpInterfaces, listens_on_more_interfaces_than_one_socket_can_join) {
    const auto test = [] {
        for (int n = 0; n < 25; ++n) ASSERT_TRUE(add_pair(n));
        const auto reader = make_udp_carrier(plain_settings());
        ASSERT_TRUE(reader->start());
        EXPECT_EQ(reader->counters().deaf_interfaces, 0u);
        const auto writer = make_udp_carrier(plain_settings());
        const Envelope one = message(1);
        ASSERT_EQ(writer->send({}, std::span(&one, 1)).value(), 1u);
        EXPECT_EQ(writer->counters().tx_datagrams, 25u);
        Received received;
        EXPECT_TRUE(collect(*reader, received, 25));  // a copy by each
    };
    if (!in_own_network(test)) GTEST_SKIP() << kNoNamespace;
}

TEST(UdpInterfaces, follows_an_interface_that_comes_and_goes) {
    const auto test = [] {
        const auto reader = make_udp_carrier(plain_settings());
        const auto writer = make_udp_carrier(plain_settings());
        ASSERT_TRUE(reader->start());
        const Envelope first = message(1), second = message(2), third = message(3);
        Received received;
        ASSERT_TRUE(writer->send({}, std::span(&first, 1)));
        ASSERT_TRUE(collect(*reader, received, 1));
        EXPECT_EQ(received[0].view().from_address, IpAddress::v4(127, 0, 0, 1));

        ASSERT_TRUE(add_pair(1));
        reader->receive([](auto) {});  // what its owner's loop calls when the descriptor is readable
        ASSERT_TRUE(writer->send({}, std::span(&second, 1)));
        ASSERT_TRUE(collect(*reader, received, 2));
        EXPECT_EQ(received[1].view().from_address, IpAddress::v4(10, 9, 1, 1));

        ASSERT_TRUE(shell("ip link del in1"));
        reader->receive([](auto) {});
        ASSERT_TRUE(writer->send({}, std::span(&third, 1)));
        ASSERT_TRUE(collect(*reader, received, 3));
        EXPECT_EQ(received[2].view().from_address, IpAddress::v4(127, 0, 0, 1));
        EXPECT_EQ(reader->counters().deaf_interfaces, 0u);
    };
    if (!in_own_network(test)) GTEST_SKIP() << kNoNamespace;
}

TEST(UdpInterfaces, sends_by_the_others_when_one_interface_refuses) {
    const auto test = [] {
        ASSERT_TRUE(add_pair(1));
        ASSERT_TRUE(add_pair(2));
        ASSERT_TRUE(shell("iptables -A OUTPUT -o in1 -p udp -j REJECT") ||
                    shell("nft add table ip t && nft 'add chain ip t c { type filter hook output priority "
                          "0; }' && nft add rule ip t c oifname in1 drop"));
        const auto reader = make_udp_carrier(plain_settings());
        const auto writer = make_udp_carrier(plain_settings());
        ASSERT_TRUE(reader->start());
        const Envelope one = message(1);
        ASSERT_EQ(writer->send({}, std::span(&one, 1)).value(), 1u);
        EXPECT_EQ(writer->counters().tx_datagrams, 1u);
        EXPECT_EQ(writer->counters().tx_failed, 1u);
        Received received;
        ASSERT_TRUE(collect(*reader, received, 1));
        EXPECT_EQ(received[0].view().from_address, IpAddress::v4(10, 9, 2, 1));
    };
    if (!in_own_network(test)) GTEST_SKIP() << kNoNamespace;
}

TEST(UdpInterfaces, refuses_and_counts_what_comes_by_an_interface_that_is_left_out) {
    const auto test = [] {
        ASSERT_TRUE(add_pair(1));
        Settings only_lo = plain_settings();
        only_lo.interfaces = {"lo"};
        const auto reader = make_udp_carrier(only_lo);
        ASSERT_TRUE(reader->start());
        // A stranger on the link: his datagram, to this machine's address, comes by out1 into in1.
        Settings by_out = plain_settings();
        ASSERT_TRUE(shell("ip netns list"));
        by_out.interfaces = {"in1"};
        const auto writer = make_udp_carrier(by_out);
        const Envelope one = message(1), two = message(2);
        ASSERT_TRUE(writer->send({}, std::span(&one, 1)));
        const Destination home{.scope = Scope::direct, .address = IpAddress::v4(127, 0, 0, 1)};
        ASSERT_TRUE(writer->send(home, std::span(&two, 1)));
        Received received;
        ASSERT_TRUE(collect(*reader, received, 1));
        EXPECT_EQ(received[0].view().sequence, 2u);
    };
    if (!in_own_network(test)) GTEST_SKIP() << kNoNamespace;
}

TEST(UdpInterfaces, says_unreachable_when_not_even_the_loopback_is_up) {
    const auto test = [] {
        ASSERT_TRUE(shell("ip link set lo down"));
        const auto writer = make_udp_carrier(plain_settings());
        const Envelope one = message(1);
        const auto sent = writer->send({}, std::span(&one, 1));
        ASSERT_FALSE(sent);
        EXPECT_EQ(sent.error().code, Errc::unreachable);
        EXPECT_TRUE(make_udp_carrier(plain_settings())->start());  // and listens for what comes up
    };
    if (!in_own_network(test)) GTEST_SKIP() << kNoNamespace;
}

TEST(Interfaces, are_listed_with_their_addresses) {
    const auto test = [] {
        ASSERT_TRUE(add_pair(7));
        ASSERT_TRUE(shell("ip addr add 10.9.8.1/24 label in7:extra dev in7"));
        const auto all = os::list_interfaces().value();
        ASSERT_EQ(all.size() >= 3, true);
        EXPECT_TRUE(all[0].loopback);
        EXPECT_FALSE(all[0].multicast);
        const auto in7 = std::ranges::find(all, "in7", &os::Interface::name);
        ASSERT_NE(in7, all.end());
        EXPECT_TRUE(in7->up && in7->running && in7->multicast && !in7->loopback);
        EXPECT_EQ(in7->ipv4, (std::vector{IpAddress::v4(10, 9, 7, 1), IpAddress::v4(10, 9, 8, 1)}));
        ASSERT_FALSE(in7->ipv6.empty());
        EXPECT_EQ(in7->ipv6[0].scope_id, in7->index);
    };
    if (!in_own_network(test)) GTEST_SKIP() << kNoNamespace;
}

TEST(Interfaces, are_watched_for_changes) {
    const auto test = [] {
        auto watch = os::InterfaceWatch::open().value();
        EXPECT_FALSE(watch.changed());
        ASSERT_TRUE(shell("ip link add a1 type veth peer name a2"));
        EXPECT_TRUE(watch.changed());
        EXPECT_FALSE(watch.changed());
        ASSERT_TRUE(shell("ip addr add 10.9.9.1/24 dev a1"));
        EXPECT_TRUE(watch.changed());
    };
    if (!in_own_network(test)) GTEST_SKIP() << kNoNamespace;
}

}  // namespace
}  // namespace mailslot
