// Sealed datagrams through real sockets.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "carrier/testing/collect.h"
#include "carrier/testing/free_port.h"
#include "carrier/udp/udp_carrier.h"
#include "os/udp_socket.h"
#include "trust/testing/test_keys.h"

namespace mailslot {
namespace {

using Family = IpAddress::Family;

const IpAddress kHome = IpAddress::v4(127, 0, 0, 1);

class UdpSealed : public testing::Test {
protected:
    UdpSealed() {
        settings_.port = free_port();
        settings_.interfaces = {"lo"};
        settings_.families = Families::ipv4;
    }
    static std::shared_ptr<trust::Keys> lab(unsigned current, unsigned second = 0) {
        return trust::Keys::of(trust::test_ring(trust::test_domain("LAB", current, second)), "LAB");
    }
    Settings with(std::shared_ptr<trust::Keys> keys) const {
        Settings settings = settings_;
        settings.keys = std::move(keys);
        return settings;
    }
    static std::unique_ptr<Carrier> started(const Settings& settings) {
        auto carrier = make_udp_carrier(settings);
        EXPECT_TRUE(carrier->start());
        return carrier;
    }
    Envelope message(std::string_view payload) {
        Envelope out;
        out.slot = "S";
        out.from_host = "h";
        out.origin = 5;
        out.sequence = ++sequence_;
        out.sent_at_us = SystemClock().unix_microseconds();
        out.payload = as_bytes(payload);
        return out;
    }
    void send(Carrier& writer, std::string_view payload, Destination to) {
        const Envelope one = message(payload);
        const auto sent = writer.send(to, {&one, 1});
        ASSERT_TRUE(sent) << to_string(sent.error());
    }
    // Returns the datagrams that come to a plain socket on the port.
    std::vector<std::vector<std::byte>> overhear(os::UdpSocket& socket, std::size_t count) {
        std::vector<std::vector<std::byte>> all;
        os::DatagramBatch batch(64, 65536);
        while (all.size() < count) {
            for (const os::Datagram& datagram : socket.receive(batch)) {
                EXPECT_EQ(datagram.to, kHome);
                all.emplace_back(datagram.bytes.begin(), datagram.bytes.end());
            }
        }
        return all;
    }

    Settings settings_;
    std::uint64_t sequence_ = 0;
    const Destination direct_{Scope::direct, "", kHome};
    const Destination lab_{Scope::named, "LAB", {}};
};

TEST_F(UdpSealed, brings_messages_of_every_size_with_trust_domain) {
    const auto reader = started(with(lab(1)));
    const auto writer = make_udp_carrier(with(lab(1)));
    const std::string large(50'000, 'x');
    for (const Destination& to : {direct_, lab_, Destination{}}) {
        const std::uint64_t first = sequence_ + 1;
        send(*writer, "small", to);
        send(*writer, large, to);
        Received received;
        const auto is_whole = [&](const Received& got) {
            return assemble(got, first + 1).payload == large;
        };
        ASSERT_TRUE(collect_until(*reader, received, is_whole));
        EXPECT_EQ(assemble(received, first).payload, "small");
        for (const OwnedEnvelope& got : received) EXPECT_EQ(got.view().trust, Trust::domain);
    }
    EXPECT_EQ(reader->counters().rx_not_trusted, 0u);
}

TEST_F(UdpSealed, is_not_done_to_what_a_gateway_passes_on) {
    const auto reader = started(with(lab(1)));
    const auto writer = make_udp_carrier(with(lab(1)));
    Destination in_clear = direct_;
    in_clear.in_clear = true;
    send(*writer, "from somebody", in_clear);
    send(*writer, "from me", direct_);
    Received received;
    ASSERT_TRUE(
        collect_until(*reader, received, [](const Received& got) { return got.size() == 2; }));
    EXPECT_EQ(received[0].view().trust, Trust::none);
    EXPECT_EQ(received[1].view().trust, Trust::domain);
}

TEST_F(UdpSealed, fills_datagrams_of_1200_bytes_and_shows_nothing_of_what_is_in_them) {
    auto socket = os::UdpSocket::bind(Family::v4, settings_.port, 1 << 20).value();
    const auto writer = make_udp_carrier(with(lab(1)));
    std::vector<Envelope> many;
    const std::string text(100, 's');
    while (many.size() < 100) many.push_back(message(text));
    ASSERT_EQ(writer->send(direct_, many).value(), many.size());
    const auto heard = overhear(socket, 10);
    std::size_t largest = 0;
    std::set<std::vector<std::byte>> nonces;
    for (const auto& datagram : heard) {
        largest = std::max(largest, datagram.size());
        EXPECT_EQ(as_text(datagram).find("sss"), std::string_view::npos);
        nonces.emplace(datagram.begin() + 8, datagram.begin() + 32);
    }
    EXPECT_LE(largest, kMaxDatagramBytes);
    EXPECT_GT(largest, kMaxDatagramBytes - 107);
    EXPECT_EQ(nonces.size(), heard.size());
}

TEST_F(UdpSealed, drops_what_comes_twice_also_after_a_hand_over) {
    std::vector<std::vector<std::byte>> heard;
    {
        auto socket = os::UdpSocket::bind(Family::v4, settings_.port, 0).value();
        send(*make_udp_carrier(with(lab(1))), "once", direct_);
        heard = overhear(socket, 1);
    }
    auto attacker = os::UdpSocket::open_for_sending(Family::v4, 1).value();
    const auto replay = [&] {
        const Bytes bytes(heard[0]);
        ASSERT_EQ(attacker.send({&bytes, 1}, {kHome, settings_.port}).sent, 1u);
    };
    auto reader = started(with(lab(1)));
    Received received;
    replay();
    ASSERT_TRUE(collect(*reader, received, 1));
    const auto until_copies = [&](Carrier& carrier, std::uint64_t copies) {
        return collect_until(carrier, received, [&](const Received&) {
            return carrier.counters().rx_sealed_copies == copies;
        });
    };
    replay();
    EXPECT_TRUE(until_copies(*reader, 1));
    auto successor = make_udp_carrier(with(lab(1)));
    reader->replay_memory()->save_windows(
        [&](const wire::SealerState& s) { successor->replay_memory()->restore_window(s); });
    ASSERT_TRUE(successor->start_with(reader->hand_over()));
    replay();
    EXPECT_TRUE(until_copies(*successor, 1));
    EXPECT_EQ(received.size(), 1u);
}

TEST_F(UdpSealed, opens_with_both_keys_and_with_no_other) {
    const auto reader = started(with(lab(1, 50)));
    send(*make_udp_carrier(with(lab(77))), "strange", direct_);
    send(*make_udp_carrier(with(lab(1))), "current", direct_);
    send(*make_udp_carrier(with(lab(50))), "next", direct_);
    Received received;
    ASSERT_TRUE(collect(*reader, received, 2));
    EXPECT_EQ(received[0].payload(), "current");
    EXPECT_EQ(received[1].payload(), "next");
    EXPECT_EQ(reader->counters().rx_sealed, 1u);
}

TEST_F(UdpSealed, sends_nothing_where_the_key_cannot_be_had) {
    const auto reader = started(settings_);
    const auto writer = make_udp_carrier(with(trust::Keys::of(trust::KeyRing(), "LAB")));
    const Envelope one = message("x");
    for (const Destination& to : {direct_, lab_, Destination{}}) {
        EXPECT_EQ(writer->send(to, {&one, 1}).error().code, Errc::no_permission);
    }
    send(*make_udp_carrier(settings_), "marker", direct_);
    Received received;
    ASSERT_TRUE(collect(*reader, received, 1));
    EXPECT_EQ(received[0].payload(), "marker");
}

}  // namespace
}  // namespace mailslot
