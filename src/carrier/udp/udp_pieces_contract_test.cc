// Several datagrams sent through the system as a single piece: docs/protocol/udp-carrier.md.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "carrier/testing/collect.h"
#include "carrier/testing/free_port.h"
#include "carrier/udp/udp_carrier.h"
#include "os/udp_socket.h"
#include "wire/frame.h"

namespace mailslot {
namespace {

using Family = IpAddress::Family;
using Sizes = std::vector<std::size_t>;

const IpAddress kHome = IpAddress::v4(127, 0, 0, 1);
const IpAddress kHome6{Family::v6, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 0};

std::vector<std::string> datagrams_of(const Sizes& sizes) {
    std::vector<std::string> datagrams;
    for (const std::size_t size : sizes) {
        datagrams.emplace_back(size, static_cast<char>('a' + datagrams.size() % 26));
    }
    return datagrams;
}

std::vector<Bytes> views_of(const std::vector<std::string>& datagrams) {
    std::vector<Bytes> views;
    for (const std::string& datagram : datagrams) views.push_back(as_bytes(datagram));
    return views;
}

// A socket that sends to another socket on the loopback.
class UdpPieces : public testing::TestWithParam<Family> {
protected:
    void send(const std::vector<std::string>& datagrams) {
        const auto outcome = sender_.send(views_of(datagrams), to_);
        EXPECT_EQ(outcome.sent, datagrams.size());
        EXPECT_EQ(outcome.os_code, 0);
    }
    // Returns the received datagrams, and how many each piece had.
    std::vector<std::string> receive(Sizes& pieces) {
        std::vector<std::string> all;
        for (;;) {  // the loopback has delivered before send() returns
            const auto came = receiver_.receive(one_piece_);
            if (came.empty()) return all;
            pieces.push_back(came.size());
            for (const os::Datagram& datagram : came) {
                EXPECT_EQ(datagram.from.address, to_.address);
                EXPECT_NE(datagram.from.port, 0);
                EXPECT_NE(datagram.interface_index, 0u);
                EXPECT_FALSE(datagram.cut);
                all.emplace_back(as_text(datagram.bytes));
            }
        }
    }

    os::UdpSocket sender_ = os::UdpSocket::open_for_sending(GetParam(), 1).value();
    os::UdpSocket receiver_ = os::UdpSocket::bind(GetParam(), 0, 1024 * 1024).value();
    const Endpoint to_{GetParam() == Family::v4 ? kHome : kHome6, receiver_.local_port()};
    os::DatagramBatch one_piece_{1, 64 * 1024};
};

struct Row {
    const char* what;
    Sizes datagrams;
    Sizes pieces;
};

const std::vector<Row> kRows = {
    {"one", {700}, {1}},
    {"of one size", Sizes(10, 1000), {10}},
    {"the last is shorter", {1000, 1000, 1000, 1}, {4}},
    {"the second is shorter", {1000, 999}, {2}},
    {"the second is longer", {999, 1000}, {1, 1}},
    {"sizes change", {1000, 1000, 500, 700, 700, 700, 1000}, {3, 3, 1}},
    {"an empty one goes by itself", {500, 500, 0, 500, 500}, {2, 1, 2}},
    {"only empty ones", {0, 0}, {1, 1}},
    {"as many as a piece may have", Sizes(64, 100), {64}},
    {"more than a piece may have", Sizes(65, 100), {64, 1}},
    {"more bytes than a piece may have", Sizes(60, 1200), {54, 6}},
    {"the last one would be too much", {32500, 32499, 2}, {2, 1}},
};

TEST_P(UdpPieces, hold_datagrams_of_one_size_and_are_split_where_they_come_in) {
    for (const Row& row : kRows) {
        SCOPED_TRACE(row.what);
        const auto datagrams = datagrams_of(row.datagrams);
        send(datagrams);
        Sizes pieces;
        EXPECT_EQ(receive(pieces), datagrams);
        EXPECT_EQ(pieces, row.pieces);
    }
}

TEST_P(UdpPieces, come_fewer_at_a_time_where_they_are_large) {
    constexpr std::size_t kRoom = 8;
    os::DatagramBatch batch(kRoom, 64 * 1024, 64 * 1024);
    const auto pieces_of = [&](std::size_t pieces, std::size_t datagrams_each) {
        for (std::size_t i = 0; i < pieces; ++i) send(datagrams_of(Sizes(datagrams_each, 1000)));
        Sizes came;
        for (bool more = true; more;) {
            came.push_back(receiver_.receive(batch).size() / datagrams_each);
            more = batch.is_full();
        }
        return came;
    };
    EXPECT_EQ(pieces_of(3, 1), (Sizes{1, 2}));  // first assumes pieces of maximum size
    EXPECT_EQ(pieces_of(20, 1), (Sizes{8, 8, 4}));
    EXPECT_EQ(pieces_of(5, 30), (Sizes{5}));  // assumes pieces as small as before
    EXPECT_EQ(pieces_of(5, 30), (Sizes{2, 2, 1}));
    EXPECT_EQ(pieces_of(3, 60), (Sizes{2, 1, 0}));
}

class UdpRefusedPieces : public UdpPieces {};

TEST_P(UdpRefusedPieces, are_given_up_and_nothing_is_lost) {
    const int yes = 1;  // makes the kernel refuse pieces, like a device without checksums
    ASSERT_EQ(setsockopt(os::to_number(sender_.fd()), SOL_SOCKET, SO_NO_CHECK, &yes, sizeof yes),
              0);
    const auto datagrams = datagrams_of({700, 1000, 1000, 1000, 300});
    send(datagrams);
    Sizes pieces;
    EXPECT_EQ(receive(pieces), datagrams);
    EXPECT_EQ(pieces, Sizes(5, 1));

    const int no = 0;
    ASSERT_EQ(setsockopt(os::to_number(sender_.fd()), SOL_SOCKET, SO_NO_CHECK, &no, sizeof no), 0);
    send(datagrams);
    pieces.clear();
    EXPECT_EQ(receive(pieces), datagrams);
    EXPECT_EQ(pieces, Sizes(5, 1)) << "tried again what was refused";
}

// IPv6 sends nothing at all without checksums.
INSTANTIATE_TEST_SUITE_P(All, UdpRefusedPieces, testing::Values(Family::v4),
                         [](const auto&) { return "v4"; });
INSTANTIATE_TEST_SUITE_P(All, UdpPieces, testing::Values(Family::v4, Family::v6),
                         [](const auto& row) { return row.param == Family::v4 ? "v4" : "v6"; });

TEST(UdpPiecesOfFrames, are_taken_datagram_by_datagram_the_bad_ones_counted) {
    Settings settings;
    settings.port = free_port();
    settings.interfaces = {"lo"};
    const auto reader = make_udp_carrier(settings);
    ASSERT_TRUE(reader->start());
    std::vector<std::string> datagrams;
    for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) {
        Envelope one;
        one.slot = "S";
        one.sequence = sequence;
        one.payload = as_bytes("payload");
        std::array<std::byte, kMaxDatagramBytes> buffer;
        wire::FrameWriter writer(buffer, one);
        ASSERT_TRUE(writer.add(one));
        datagrams.emplace_back(as_text(writer.finish()));
    }
    datagrams[1][0] = 'X';    // another magic
    datagrams[2][2] = 9;      // a later version
    datagrams[4].pop_back();  // cut
    auto sender = os::UdpSocket::open_for_sending(Family::v4, 1).value();
    ASSERT_EQ(sender.send(views_of(datagrams), {kHome, settings.port}).sent, 5u);
    Received received;
    ASSERT_TRUE(collect(*reader, received, 2));
    EXPECT_EQ(received[0].view().sequence, 1u);
    EXPECT_EQ(received[1].view().sequence, 4u);
    EXPECT_EQ(received[1].view().from_address, kHome);
    EXPECT_EQ(reader->counters().rx_datagrams, 5u);
    EXPECT_EQ(reader->counters().rx_bad_packet, 2u);
    EXPECT_EQ(reader->counters().rx_unknown_version, 1u);
}

}  // namespace
}  // namespace mailslot
