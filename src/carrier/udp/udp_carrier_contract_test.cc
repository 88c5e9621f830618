// Behaviour of the udp carrier alone; testing/carrier_contract_test.cc covers all carriers.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <set>
#include <string>
#include <vector>

#include "carrier/testing/collect.h"
#include "carrier/testing/free_port.h"
#include "carrier/udp/udp_carrier.h"
#include "os/linux/socket_address.h"
#include "os/udp_socket.h"
#include "wire/frame.h"

namespace mailslot {
namespace {

using Family = IpAddress::Family;

const IpAddress kHome = IpAddress::v4(127, 0, 0, 1);
const IpAddress kHome6{Family::v6, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 0};

class UdpCarrier : public testing::Test {
protected:
    UdpCarrier() {
        settings_.port = free_port();
        settings_.interfaces = {"lo"};
    }

    std::unique_ptr<Carrier> started() {
        auto carrier = make_udp_carrier(settings_);
        const auto ok = carrier->start();
        EXPECT_TRUE(ok) << (ok ? "" : to_string(ok.error()));
        return carrier;
    }
    Envelope message(std::string_view payload) {
        Envelope out;
        out.slot = "S";
        out.from_host = "h";
        out.origin = 5;
        out.sequence = ++sequence_;
        out.payload = as_bytes(payload);
        return out;
    }
    void send(std::string_view payload, const IpAddress& address = {}) {
        const Envelope one = message(payload);
        const auto sent = make_udp_carrier(settings_)->send(
            {.scope = Scope::everybody, .address = address}, std::span(&one, 1));
        ASSERT_TRUE(sent) << to_string(sent.error());
        EXPECT_EQ(*sent, 1u);
    }
    void send_raw(std::string_view datagram) {
        auto socket = os::UdpSocket::open_for_sending(Family::v4, 1).value();
        const Bytes bytes = as_bytes(datagram);
        ASSERT_EQ(socket.send(std::span(&bytes, 1), {kHome, settings_.port}).sent, 1u);
    }

    Settings settings_;
    std::uint64_t sequence_ = 0;
};

TEST_F(UdpCarrier, counts_bad_datagrams_by_cause_and_hands_over_the_good_ones_between_them) {
    const auto reader = started();
    std::array<std::byte, kMaxDatagramBytes> buffer;
    const Envelope one = message("x");
    wire::FrameWriter writer(buffer, one);
    ASSERT_TRUE(writer.add(one));
    std::string good(as_text(writer.finish()));
    std::string later_version = good, sealed = good, cut = good;
    later_version[2] = 2;
    sealed[3] = 1;
    sealed.resize(200);
    cut.resize(good.size() - 1);

    for (const std::string& datagram : {std::string(), std::string("garbage"),
                                        std::string(5000, 'x'), cut, good, later_version, sealed}) {
        send_raw(datagram);
    }
    send("last", kHome);
    Received received;
    ASSERT_TRUE(collect(*reader, received, 2));
    EXPECT_EQ(received[0].payload(), "x");
    EXPECT_EQ(received[1].payload(), "last");
    const CarrierCounters counters = reader->counters();
    EXPECT_EQ(counters.rx_datagrams, 8u);
    EXPECT_EQ(counters.rx_bad_packet, 4u);
    EXPECT_EQ(counters.rx_unknown_version, 1u);
    EXPECT_EQ(counters.rx_sealed, 1u);
}

TEST_F(UdpCarrier, says_so_when_another_program_keeps_the_port_to_itself) {
    const os::UniqueFd other(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto address = os::to_socket_address({kHome, settings_.port});
    ASSERT_EQ(
        bind(other.number(), reinterpret_cast<const sockaddr*>(&address.storage), address.size), 0);
    const auto refused = make_udp_carrier(settings_)->start();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::port_taken);
    EXPECT_EQ(refused.error().os_code, EADDRINUSE);
    EXPECT_EQ(refused.error().detail, "UDP port " + std::to_string(settings_.port));
}

// Returns the error of a bind to `address` that asks to share the port; 0 if bound.
int error_of_sharing(const Settings& settings, int option, const IpAddress& address) {
    const os::UniqueFd other(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    setsockopt(other.number(), SOL_SOCKET, option, &on, sizeof on);
    const auto at = os::to_socket_address({address, settings.port});
    const bool is_bound =
        bind(other.number(), reinterpret_cast<const sockaddr*>(&at.storage), at.size) == 0;
    return is_bound ? 0 : errno;
}

TEST_F(UdpCarrier, keeps_the_port_of_a_machines_daemon_from_those_who_would_share_it) {
    const IpAddress any{IpAddress::Family::v4, {}, 0};
    settings_.keeps_port = true;
    auto keeper = started();
    for (const IpAddress& address : {any, kHome}) {
        EXPECT_EQ(error_of_sharing(settings_, SO_REUSEADDR, address), EADDRINUSE);
    }
    // The successor keeps the port, whatever its own settings say.
    settings_.keeps_port = false;
    auto successor = make_udp_carrier(settings_);
    ASSERT_TRUE(successor->start_with(keeper->hand_over()));
    EXPECT_EQ(error_of_sharing(settings_, SO_REUSEADDR, any), EADDRINUSE);
    send("still heard");
    Received received;
    EXPECT_TRUE(collect(*successor, received, 1));
}

TEST_F(UdpCarrier, keeps_a_port_that_was_shared_before_from_those_who_come_later) {
    const auto before = started();
    EXPECT_EQ(error_of_sharing(settings_, SO_REUSEADDR, kHome), 0);
    settings_.keeps_port = true;
    const auto keeper = started();
    const auto of_the_same_user = started();  // replaces a stopped process
    EXPECT_EQ(error_of_sharing(settings_, SO_REUSEADDR, kHome), EADDRINUSE);
}

TEST_F(UdpCarrier, receives_by_ipv6_too_and_tells_the_senders_address) {
    settings_.families = Families::both;
    const auto reader = started();
    send("six", kHome6);
    Received received;
    ASSERT_TRUE(collect(*reader, received, 1));
    EXPECT_EQ(received[0].view().from_address, kHome6);
    send("four", kHome);
    ASSERT_TRUE(collect(*reader, received, 2));
    EXPECT_EQ(received[1].view().from_address, kHome);
}

TEST_F(UdpCarrier, counts_what_the_kernel_dropped_before_anything_else_comes) {
    settings_.receive_buffer_bytes = 4096;
    const auto reader = started();
    for (int i = 0; i < 200; ++i) send(std::string(1000, 'x'));
    EXPECT_GT(reader->counters().rx_kernel_drops, 0u);
    Received received;
    collect_until(*reader, received, [](const Received& all) { return !all.empty(); });
    const CarrierCounters counters = reader->counters();
    EXPECT_EQ(counters.rx_datagrams + counters.rx_kernel_drops, 200u);
    reader->stop();
    EXPECT_EQ(reader->counters().rx_kernel_drops, counters.rx_kernel_drops);
}

TEST_F(UdpCarrier, tells_with_each_datagram_what_the_kernel_had_dropped_before_it) {
    settings_.receive_buffer_bytes = 4096;
    const auto reader = started();
    for (int i = 0; i < 200; ++i) send(std::string(1000, 'x'));
    const std::uint64_t dropped = reader->counters().rx_kernel_drops;
    std::vector<std::uint64_t> told;
    const auto note = [&told](std::span<const Parcel> parcels) {
        for (const Parcel& parcel : parcels) told.push_back(parcel.kernel_drops);
    };
    Received received;
    ASSERT_TRUE(collect_until(
        *reader, received, [&](const Received&) { return told.size() == 200 - dropped; }, note));
    EXPECT_EQ(told.front(), 0u);  // the buffer had room still
    send("after them", kHome);
    ASSERT_TRUE(collect_until(
        *reader, received, [&](const Received&) { return told.size() > 200 - dropped; }, note));
    EXPECT_EQ(told.back(), dropped);
}

TEST_F(UdpCarrier, takes_from_interfaces_that_the_settings_leave_out_only_what_this_machine_sent) {
    settings_.interfaces = {"no-such-interface"};
    const auto reader = started();
    send("by the loopback", kHome);
    Received received;
    EXPECT_TRUE(collect(*reader, received, 1));
}

TEST_F(UdpCarrier, says_that_nothing_can_be_reached_when_no_interface_is_usable) {
    settings_.interfaces = {"no-such-interface"};
    const Envelope one = message("x");
    const auto sent = make_udp_carrier(settings_)->send({}, std::span(&one, 1));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code, Errc::unreachable);
}

TEST_F(UdpCarrier, says_that_an_address_cannot_be_reached) {
    const Envelope one = message("x");
    const IpAddress broadcast =
        IpAddress::v4(255, 255, 255, 255);  // needs a right that we do not ask for
    const auto carrier = make_udp_carrier(settings_);
    const auto sent =
        carrier->send({.scope = Scope::direct, .address = broadcast}, std::span(&one, 1));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code, Errc::unreachable);
    EXPECT_NE(sent.error().os_code, 0);
    EXPECT_EQ(carrier->counters().tx_failed, 1u);
}

TEST_F(UdpCarrier, reaches_this_machine_by_whatever_interfaces_it_has) {
    settings_.interfaces = {};
    const auto reader = started();
    send("by all of them");
    Received received;
    EXPECT_TRUE(collect(*reader, received, 1));  // further copies may follow
    EXPECT_EQ(received[0].payload(), "by all of them");
}

// Datagrams in the sockets go with them, those to the group included.
TEST_F(UdpCarrier, hands_over_its_sockets_with_what_is_in_them) {
    const auto reader = started();
    send("one address", kHome);
    send("the group");
    auto sockets = reader->hand_over();
    EXPECT_EQ(sockets.size(), 2u);
    EXPECT_EQ(reader->poll_fd(), os::kNoHandle);
    send("to no process", kHome);
    const auto successor = make_udp_carrier(settings_);
    ASSERT_TRUE(successor->start_with(std::move(sockets)));
    send("the group again");
    Received received;
    ASSERT_TRUE(collect(*successor, received, 4));
    std::set<std::string> texts;
    for (const auto& each : received) texts.emplace(each.payload());
    EXPECT_EQ(texts, (std::set<std::string>{"one address", "the group", "to no process",
                                            "the group again"}));
    EXPECT_EQ(successor->counters().deaf_interfaces, 0u);
}

// A service manager keeps sockets but no memos.
TEST_F(UdpCarrier, goes_on_with_sockets_without_a_memo) {
    auto sockets = started()->hand_over();
    for (ListeningSocket& socket : sockets) socket.memo.clear();
    const auto successor = make_udp_carrier(settings_);
    ASSERT_TRUE(successor->start_with(std::move(sockets)));
    send("the group");
    Received received;
    ASSERT_TRUE(collect(*successor, received, 1));
    EXPECT_EQ(successor->counters().deaf_interfaces, 0u);
}

TEST_F(UdpCarrier, opens_its_own_where_what_it_is_handed_does_not_fit) {
    auto sockets = started()->hand_over();
    ListeningSocket no_socket;
    no_socket.fd = os::GuardedFd::make([] { return open("/dev/null", O_RDONLY | O_CLOEXEC); });
    sockets.push_back(std::move(no_socket));
    settings_.port = free_port();
    const auto successor = make_udp_carrier(settings_);
    ASSERT_TRUE(successor->start_with(std::move(sockets)));
    send("by the other port", kHome);
    Received received;
    ASSERT_TRUE(collect(*successor, received, 1));
    EXPECT_EQ(received[0].payload(), "by the other port");
}

TEST_F(UdpCarrier, starts_twice_and_stops_twice_without_harm) {
    const auto reader = started();
    const os::Handle fd = reader->poll_fd();
    EXPECT_TRUE(reader->start());
    EXPECT_EQ(reader->poll_fd(), fd);
    reader->stop();
    reader->stop();
    EXPECT_FALSE(reader->receive([](auto) {}));
}

}  // namespace
}  // namespace mailslot
