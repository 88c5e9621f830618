// The udp carrier on machines with other interfaces: each test runs on a thread with its own
// network namespace. Only root may make a namespace in a program with threads; other users skip
// these tests.
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "carrier/testing/collect.h"
#include "carrier/udp/udp_carrier.h"
#include "carrier/udp/udp_sender.h"
#include "os/interfaces.h"

namespace mailslot {
namespace {

constexpr const char* kNoNamespace = "no right to make a network namespace, or no ip command";

bool shell(const std::string& command) {
    return std::system((command + " 2>/dev/null").c_str()) == 0;
}

// Returns false if `test` could not run. Threads of a process may be in different namespaces; a
// child such as `ip` is in its thread's namespace.
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

// The kernel reports a link shortly after both ends are up.
bool wait_until_running(const std::string& name) {
    auto watch = os::InterfaceWatch::open().value();
    for (;;) {
        const auto all = os::list_interfaces().value();
        const auto found = std::ranges::find(all, name, &os::Interface::name);
        if (found == all.end()) return false;
        if (found->running) return true;
        pollfd entry{os::to_number(watch.fd()), POLLIN, 0};
        if (poll(&entry, 1, 10'000) <= 0) return false;
        watch.changed();
    }
}

// A pair of linked interfaces, in-N and out-N, with an address on in-N.
bool add_pair(int n) {
    const std::string number = std::to_string(n);
    const std::string in = "in" + number, out = "out" + number;
    return shell("ip link add " + in + " type veth peer name " + out) &&
           shell("ip addr add 10.9." + number + ".1/24 dev " + in) &&
           shell("ip link set " + in + " up") && shell("ip link set " + out + " up") &&
           wait_until_running(in);
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
        EXPECT_TRUE(collect(*reader, received, 25));  // a copy by each interface
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
        reader->receive([](auto) {});  // as the owner's loop does when the descriptor is readable
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
        ASSERT_TRUE(
            shell("iptables -A OUTPUT -o in1 -p udp -j REJECT") ||
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

TEST(UdpInterfaces, hears_no_group_message_by_an_interface_that_the_settings_leave_out) {
    const auto test = [] {
        ASSERT_TRUE(add_pair(1));
        Settings only_lo = plain_settings();
        only_lo.interfaces = {"lo"};
        const auto reader = make_udp_carrier(only_lo);
        ASSERT_TRUE(reader->start());
        Settings by_in1 = plain_settings();
        by_in1.interfaces = {"in1"};
        const auto writer = make_udp_carrier(by_in1);
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

// Makes a writer with a socket on another machine, which is linked to this thread's machine by
// interface in1 here.
std::unique_ptr<Carrier> writer_on_another_machine() {
    auto writer = make_udp_carrier(plain_settings());
    const std::string here = std::to_string(gettid());
    const Destination direct{.scope = Scope::direct, .address = IpAddress::v4(10, 9, 1, 1)};
    const bool ran = in_own_network([&] {
        EXPECT_TRUE(shell("ip link add in1 type veth peer name out1"));
        EXPECT_TRUE(shell("ip link set in1 netns " + here));
        EXPECT_TRUE(shell("ip addr add 10.9.1.2/24 dev out1 && ip link set out1 up"));
        const Envelope opens_the_socket = message(1);                 // keeps the machine alive
        (void)writer->send(direct, std::span(&opens_the_socket, 1));  // the link is not up yet
    });
    EXPECT_TRUE(ran);
    EXPECT_TRUE(shell("ip addr add 10.9.1.1/24 dev in1 && ip link set in1 up"));
    EXPECT_TRUE(wait_until_running("in1"));
    return writer;
}

TEST(UdpInterfaces,
     refuses_and_counts_what_another_machine_sends_to_an_interface_that_is_left_out) {
    const auto test = [] {
        const auto writer = writer_on_another_machine();
        Settings only_lo = plain_settings();
        only_lo.interfaces = {"lo"};
        const auto choosy = make_udp_carrier(only_lo);
        ASSERT_TRUE(choosy->start());
        const Destination direct{.scope = Scope::direct, .address = IpAddress::v4(10, 9, 1, 1)};
        const Envelope refused = message(2), taken = message(3);
        ASSERT_TRUE(writer->send(direct, std::span(&refused, 1)));
        Received received;
        EXPECT_TRUE(collect_until(*choosy, received, [&](const Received&) {
            return choosy->counters().rx_other_interface > 0;
        }));
        EXPECT_EQ(received.size(), 0u);

        const auto open = make_udp_carrier(plain_settings());
        choosy->stop();
        ASSERT_TRUE(open->start());
        ASSERT_TRUE(writer->send(direct, std::span(&taken, 1)));
        ASSERT_TRUE(collect(*open, received, 1));
        EXPECT_EQ(received[0].view().from_address, IpAddress::v4(10, 9, 1, 2));
    };
    if (!in_own_network(test)) GTEST_SKIP() << kNoNamespace;
}

TEST(UdpInterfaces, takes_what_a_slow_link_takes_and_says_how_many_that_were) {
    const auto test = [] {
        ASSERT_TRUE(add_pair(1));
        ASSERT_TRUE(shell("tc qdisc add dev in1 root tbf rate 1kbit burst 10kb limit 10mb"));
        const std::string payload(1100, 'x');
        std::vector<Envelope> messages;
        for (std::uint64_t i = 1; i <= 6000; ++i) {  // more than the socket's buffer holds
            messages.push_back(message(i));
            messages.back().payload = as_bytes(payload);
        }
        const auto writer = make_udp_carrier(plain_settings());
        const std::size_t taken = writer->send({}, messages).value();
        EXPECT_GT(taken, 0u);
        EXPECT_LT(taken, 6000u);
        EXPECT_EQ(writer->counters().tx_datagrams, taken);
        EXPECT_EQ(writer->counters().tx_failed, 1u);
        const auto refused = writer->send({}, messages);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Errc::no_resources);
    };
    if (!in_own_network(test)) GTEST_SKIP() << kNoNamespace;
}

TEST(UdpInterfaces, waits_for_a_link_that_moves_until_the_largest_message_is_through) {
    const auto test = [] {
        ASSERT_TRUE(add_pair(1));
        ASSERT_TRUE(shell("tc qdisc add dev in1 root tbf rate 200mbit burst 32kb limit 10mb"));
        const std::string payload(kMaxNetworkMessageBytes, 'x');
        Envelope large = message(1);
        large.payload = as_bytes(payload);
        const auto writer = make_udp_carrier(plain_settings());
        EXPECT_EQ(writer->send({}, std::span(&large, 1)).value(), 1u);
        EXPECT_EQ(writer->counters().tx_failed, 0u);
    };
    if (!in_own_network(test)) GTEST_SKIP() << kNoNamespace;
}

// Returns the dropped datagrams by name of the way.
std::map<std::string, std::uint64_t> dropped_by(const UdpSender& sender) {
    std::map<std::string, std::uint64_t> dropped;
    for (const WayInfo& way : sender.ways()) dropped[way.name] = way.dropped;
    return dropped;
}

std::size_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST(UdpInterfaces, drops_for_a_slow_link_alone_what_a_fast_one_takes) {
    const auto test = [] {
        ASSERT_TRUE(add_pair(1));
        ASSERT_TRUE(add_pair(2));
        ASSERT_TRUE(shell("tc qdisc add dev in1 root tbf rate 1kbit burst 10kb limit 10mb"));
        const std::string payload(1100, 'x');
        std::vector<Envelope> messages;
        for (std::uint64_t i = 1; i <= 6000; ++i) {  // more than a socket's buffer holds
            messages.push_back(message(i));
            messages.back().payload = as_bytes(payload);
        }
        const Settings settings = plain_settings();
        UdpSender writer(settings, UdpReach::network, UdpPace::fixed);
        EXPECT_EQ(writer.send({}, messages).value(), 6000u);
        auto dropped = dropped_by(writer);
        EXPECT_GT(dropped["in1 IPv4"], 0u);
        EXPECT_EQ(dropped["in2 IPv4"], 0u);
        EXPECT_EQ(writer.failed(), dropped["in1 IPv4"]);

        // The end leaves by both ways.
        Envelope end = message(6001);
        end.kind = Kind::end;
        const auto before = writer.sent();
        EXPECT_EQ(writer.send({}, std::span(&end, 1)).value(), 1u);
        EXPECT_EQ(writer.sent(), before + 2);
    };
    if (!in_own_network(test)) GTEST_SKIP() << kNoNamespace;
}

TEST(UdpInterfaces, keeps_what_finds_no_room_for_a_sender_that_asks_for_it) {
    const auto test = [] {
        ASSERT_TRUE(add_pair(1));
        ASSERT_TRUE(shell("tc qdisc add dev in1 root tbf rate 1kbit burst 10kb limit 10mb"));
        const std::string payload(1100, 'x');
        Envelope one = message(1);
        one.payload = as_bytes(payload);
        const std::vector<Envelope> messages(6000, one);
        const auto writer = make_udp_carrier(plain_settings());
        Destination patient;
        patient.keeps_rest = true;
        EXPECT_LT(writer->send(patient, messages).value(), 6000u);
        const auto refused = writer->send(patient, messages);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Errc::no_resources);
        EXPECT_EQ(refused.error().os_code, EAGAIN);
        EXPECT_EQ(writer->counters().tx_failed, 0u);
    };
    if (!in_own_network(test)) GTEST_SKIP() << kNoNamespace;
}

TEST(UdpInterfaces, opens_a_socket_a_way_and_closes_it_when_the_interface_goes) {
    const auto test = [] {
        ASSERT_TRUE(add_pair(1));
        ASSERT_TRUE(add_pair(2));
        const Settings settings = plain_settings();
        UdpSender writer(settings, UdpReach::network, UdpPace::fixed);
        const Envelope one = message(1);
        ASSERT_TRUE(writer.send({}, std::span(&one, 1)));
        const std::size_t with_two = open_descriptors();
        ASSERT_TRUE(writer.send({}, std::span(&one, 1)));
        EXPECT_EQ(open_descriptors(), with_two);
        ASSERT_TRUE(shell("ip link del in2"));
        ASSERT_TRUE(writer.send({}, std::span(&one, 1)));
        EXPECT_EQ(open_descriptors(), with_two - 1);
        EXPECT_EQ(writer.ways().size(), 2u);  // the counts of the closed way remain
    };
    if (!in_own_network(test)) GTEST_SKIP() << kNoNamespace;
}

TEST(UdpInterfaces, shares_sockets_among_many_ways_until_they_are_full) {
    const auto test = [] {
        for (int n = 0; n < 20; ++n) ASSERT_TRUE(add_pair(n));
        ASSERT_TRUE(shell("tc qdisc add dev in19 root tbf rate 1kbit burst 10kb limit 10mb"));
        const std::size_t before = open_descriptors();
        const Settings settings = plain_settings();
        UdpSender writer(settings, UdpReach::network, UdpPace::fixed);
        const std::string payload(1100, 'x');
        Envelope one = message(1);
        one.payload = as_bytes(payload);
        ASSERT_TRUE(writer.send({}, std::span(&one, 1)));
        // A descriptor to watch the interfaces, a socket for each of 16 ways, and a shared socket
        // for the rest.
        EXPECT_EQ(open_descriptors(), before + 1 + 16 + 1);
        const std::vector<Envelope> messages(6000, one);
        EXPECT_EQ(writer.send({}, messages).value(), 6000u);
        for (const auto& [name, dropped] : dropped_by(writer)) {
            EXPECT_EQ(dropped > 0, name == "in19 IPv4") << name;
        }
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
        EXPECT_TRUE(make_udp_carrier(plain_settings())->start());  // listens all the same
    };
    if (!in_own_network(test)) GTEST_SKIP() << kNoNamespace;
}

TEST(Interfaces, are_listed_with_their_addresses) {
    const auto test = [] {
        ASSERT_TRUE(add_pair(7));
        ASSERT_TRUE(shell("ip addr add 10.9.8.1/24 label in7:extra dev in7"));
        const auto all = os::list_interfaces().value();
        ASSERT_GE(all.size(), 3u);
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
