// Reports about streams, through real sockets: docs/protocol/pace.md.
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "carrier/pace/heard_stream.h"
#include "carrier/testing/free_port.h"
#include "carrier/udp/frame_sealer.h"
#include "carrier/udp/report_reader.h"
#include "carrier/udp/udp_carrier.h"
#include "os/udp_socket.h"
#include "trust/testing/test_keys.h"
#include "wire/frame.h"

namespace mailslot {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Family = IpAddress::Family;

const IpAddress kHome = IpAddress::v4(127, 0, 0, 1);
constexpr std::uint64_t kOrigin = 5;
constexpr std::size_t kPayload = 1000;

std::shared_ptr<trust::Keys> lab() {
    return trust::Keys::of(trust::test_ring(trust::test_domain("LAB", 1, 0)), "LAB");
}

os::UdpSocket sending_socket() {
    auto socket = os::UdpSocket::open_for_sending(Family::v4, 1).value();
    EXPECT_TRUE(socket.take_port());
    socket.tell_arrivals();
    return socket;
}

class UdpReports : public testing::Test {
protected:
    UdpReports() {
        settings_.port = free_port();
        settings_.interfaces = {"lo"};
        settings_.families = Families::ipv4;
    }
    void start(std::shared_ptr<trust::Keys> keys = nullptr) {
        settings_.keys = std::move(keys);
        carrier_ = make_udp_carrier(settings_);
        if (takes_) carrier_->report_groups(takes_);
        ASSERT_TRUE(carrier_->start());
    }
    // Sends `count` messages of a stream to the carrier, which receives them. Returns their bytes.
    std::size_t send(std::size_t count, Scope scope = Scope::direct) {
        FrameSealer sealer(settings_.keys);
        EXPECT_TRUE(sealer.choose({scope, "", scope == Scope::direct ? kHome : IpAddress{}}));
        const std::string text(kPayload, 'x');
        std::size_t bytes = 0;
        for (std::size_t i = 0; i < count; ++i) {
            Envelope message;
            message.scope = scope;
            message.slot = "S";
            message.origin = kOrigin;
            message.sequence = ++sequence_;
            message.sent_at_us = clock_.unix_microseconds();
            message.payload = as_bytes(text);
            std::array<std::byte, kMaxDatagramBytes> buffer;
            wire::FrameWriter writer(buffer, message);
            EXPECT_TRUE(writer.add(message));
            const Bytes frame = writer.finish();
            const auto datagrams = sealer.seal({&frame, 1});
            EXPECT_EQ(socket_.send(datagrams, {kHome, settings_.port}).sent, 1u);
            bytes += datagrams[0].size();
            receive(1);
        }
        return bytes;
    }
    void receive(std::uint64_t datagrams) {
        received_ += datagrams;
        while (carrier_->counters().rx_datagrams < received_)
            carrier_->receive([](std::span<const Parcel>) {});
    }
    // Returns the reports that have come back.
    std::vector<wire::Report> reports(std::string_view domain = {}) {
        std::vector<wire::Report> all;
        ReportReader reader(settings_.keys);
        reader.read(socket_, {kOrigin, {kHome, settings_.port}, domain},
                    [&](const wire::Report& report, Clock::Instant came_at, const Endpoint&) {
                        EXPECT_LE(came_at, clock_.now());
                        EXPECT_GT(came_at, clock_.now() - seconds(60));
                        all.push_back(report);
                    });
        dropped_ = reader.dropped();
        return all;
    }

    Settings settings_;
    const SystemClock clock_{};
    std::unique_ptr<Carrier> carrier_;
    Carrier::Takes takes_;
    os::UdpSocket socket_ = sending_socket();
    std::uint64_t sequence_ = 0, received_ = 0, dropped_ = 0;
};

TEST_F(UdpReports, tell_the_writer_of_a_stream_how_it_arrives) {
    start();
    const std::size_t bytes = send(18);
    const auto heard = reports();
    ASSERT_FALSE(heard.empty());
    EXPECT_EQ(heard[0].number, 1u);
    EXPECT_EQ(heard[0].counted_from, 1u);
    EXPECT_EQ(heard[0].messages, heard[0].highest.sequence);
    EXPECT_GE(heard[0].bytes, kStreamBytes);
    EXPECT_LE(heard[0].bytes, bytes);
    EXPECT_EQ(heard[0].families, wire::kHearsIpv4);
    EXPECT_GT(heard[0].buffer_bytes, 0u);
    EXPECT_EQ(heard[0].kernel_drops, 0u);
    EXPECT_GT(heard[0].sample_bytes, 0u);
    EXPECT_LT(heard[0].held_us, 1'000'000u);
}

TEST_F(UdpReports, tell_about_the_end_of_a_stream_by_themselves) {
    start();
    send(18);
    std::uint64_t last = 0;
    while (last < sequence_) {  // the rest is due after 10 ms, with no further datagram
        for (const wire::Report& report : reports()) last = report.highest.sequence;
        carrier_->receive([](std::span<const Parcel>) {});
    }
    EXPECT_EQ(last, 18u);
}

TEST_F(UdpReports, are_not_sent_for_a_few_messages_nor_for_a_group_stream_without_a_slot_here) {
    start();
    send(15);
    EXPECT_TRUE(reports().empty());
    send(100, Scope::everybody);
    EXPECT_TRUE(reports().empty());
    EXPECT_EQ(dropped_, 0u);
    EXPECT_EQ(carrier_->counters().tx_datagrams, 0u);
}

TEST_F(UdpReports, tell_the_writer_of_a_group_stream_that_a_slot_here_takes) {
    bool is_open = true;
    takes_ = [&](const Parcel& parcel) { return is_open && parcel.envelope.slot == "S"; };
    start();
    send(18, Scope::everybody);
    const auto heard = reports();
    ASSERT_FALSE(heard.empty());
    EXPECT_EQ(heard[0].messages, heard[0].highest.sequence);
    is_open = false;
    send(100, Scope::everybody);
    EXPECT_TRUE(reports().empty());
}

TEST_F(UdpReports, of_a_group_come_from_anybody_at_the_port) {
    start();
    send(18);
    ASSERT_TRUE(socket_.wait_for_datagram(seconds(10)));
    ReportReader reader(settings_.keys);
    std::vector<Endpoint> from;
    reader.read(
        socket_, {kOrigin, {{}, settings_.port}, {}},
        [&](const wire::Report&, Clock::Instant, const Endpoint& at) { from.push_back(at); });
    ASSERT_FALSE(from.empty());
    EXPECT_EQ(from[0], (Endpoint{kHome, settings_.port}));
    send(40);
    ASSERT_TRUE(socket_.wait_for_datagram(seconds(10)));
    reader.read(socket_, {kOrigin, {{}, static_cast<std::uint16_t>(settings_.port + 1)}, {}},
                [](const wire::Report&, Clock::Instant, const Endpoint&) { ADD_FAILURE(); });
    EXPECT_GT(reader.dropped(), 0u);
}

TEST_F(UdpReports, have_at_most_a_fiftieth_of_the_bytes_received) {
    start();
    const std::size_t bytes = send(3000);
    const std::size_t report_bytes = wire::kFrameHeaderBytes + 2 + wire::kReportBytes;
    const auto sent = carrier_->counters().tx_datagrams;
    EXPECT_GE(sent, 8u);
    EXPECT_LE(sent * report_bytes, bytes / 50);
}

TEST_F(UdpReports, of_a_sealed_stream_are_sealed) {
    start(lab());
    send(20);
    EXPECT_FALSE(reports("LAB").empty());
    EXPECT_EQ(dropped_, 0u);
}

TEST_F(UdpReports, of_an_unsealed_stream_do_not_count_for_a_sealed_one) {
    start();
    send(20);
    settings_.keys = lab();
    EXPECT_TRUE(reports("LAB").empty());
    EXPECT_GE(dropped_, 1u);
}

TEST_F(UdpReports, of_a_forger_are_dropped) {
    start();
    send(18);
    ASSERT_TRUE(socket_.wait_for_datagram(seconds(10)));
    os::DatagramBatch batch(1, kMaxDatagramBytes);
    const auto datagrams = socket_.receive(batch);
    ASSERT_EQ(datagrams.size(), 1u);
    std::vector<std::byte> report(datagrams[0].bytes.begin(), datagrams[0].bytes.end());
    const Endpoint writer{kHome, socket_.local_port()};
    const auto send_from_port = [&](std::uint16_t port) {
        auto other = os::UdpSocket::bind(Family::v4, port, 0).value();
        const Bytes bytes(report);
        EXPECT_EQ(other.send({&bytes, 1}, writer).sent, 1u);
        EXPECT_TRUE(socket_.wait_for_datagram(seconds(10)));
    };
    send_from_port(0);  // from another port
    EXPECT_TRUE(reports().empty());
    EXPECT_EQ(dropped_, 1u);
    carrier_->stop();
    send_from_port(settings_.port);
    EXPECT_EQ(reports().size(), 1u);
    constexpr std::size_t kOriginAt = 20;
    report[kOriginAt] ^= std::byte{1};  // about another stream
    send_from_port(settings_.port);
    EXPECT_TRUE(reports().empty());
    EXPECT_EQ(dropped_, 1u);
    report.resize(report.size() - 1);  // cut
    send_from_port(settings_.port);
    EXPECT_TRUE(reports().empty());
    EXPECT_EQ(dropped_, 1u);
}

}  // namespace
}  // namespace mailslot
