// What the carrier contract promises, in the form that a queue of ten datagrams allows: the reader
// must take while the writer sends.
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>

#include "carrier/local/local_carrier.h"
#include "carrier/testing/free_port.h"
#include "os/local_datagram.h"

namespace mailslot {
namespace {

class LocalCarrierTest : public testing::Test {
protected:
    LocalCarrierTest() {
        settings_.port = free_port();
        reader_ = make_local_carrier(settings_);
        writer_ = make_local_carrier(settings_);
        reader_->start().value();
    }
    static Envelope message(std::string_view payload, std::uint64_t sequence) {
        Envelope out;
        out.slot = "Listener";
        out.from_host = "alpha";
        out.origin = 22;
        out.sequence = sequence;
        out.payload = as_bytes(payload);
        return out;
    }
    // Receives, on this thread, until `enough` says so.
    template <class Enough, class Each>
    void receive(const Enough& enough, const Each& each) {
        while (!enough()) {
            pollfd readable{reader_->poll_fd(), POLLIN, 0};
            ASSERT_EQ(::poll(&readable, 1, 5000), 1);
            reader_->receive([&](std::span<const Parcel> arrived) {
                for (const Parcel& parcel : arrived) parcel.for_each(each);
            });
        }
    }

    Settings settings_;
    std::unique_ptr<Carrier> reader_, writer_;
};

TEST_F(LocalCarrierTest, brings_a_small_message_whole) {
    const Envelope one = message("hello", 1);
    EXPECT_EQ(writer_->send({}, {&one, 1}).value(), 1u);
    std::vector<std::string> got;
    receive([&] { return !got.empty(); },
            [&](const Envelope& envelope) {
                EXPECT_EQ(envelope.slot, "Listener");
                EXPECT_EQ(envelope.from_address, IpAddress());
                EXPECT_EQ(envelope.trust, Trust::local);
                got.emplace_back(as_text(envelope.payload));
            });
    EXPECT_EQ(got, std::vector<std::string>{"hello"});
}

TEST_F(LocalCarrierTest, brings_all_parts_of_a_large_message_to_a_reader_that_takes_them) {
    const std::string large(200'000, 'x');
    std::thread sender([&] {
        const Envelope one = message(large, 1);
        EXPECT_EQ(writer_->send({}, {&one, 1}).value(), 1u);
    });
    std::map<std::uint32_t, std::size_t> parts;
    std::size_t bytes = 0;
    receive([&] { return bytes >= large.size(); },
            [&](const Envelope& envelope) {
                EXPECT_EQ(envelope.kind, Kind::fragment);
                bytes += envelope.payload.size();
                parts[envelope.offset] = envelope.payload.size();
            });
    sender.join();
    EXPECT_EQ(bytes, large.size());
    std::size_t next = 0;
    for (const auto& [offset, size] : parts) {
        EXPECT_EQ(offset, next);
        next += size;
    }
}

TEST_F(LocalCarrierTest, hands_over_what_it_listens_with_and_what_is_in_it) {
    const Envelope one = message("hello", 1);
    EXPECT_EQ(writer_->send({}, {&one, 1}).value(), 1u);
    auto successor = make_local_carrier(settings_);
    ASSERT_TRUE(successor->start_with(reader_->hand_over()));
    EXPECT_EQ(reader_->poll_fd(), -1);
    std::vector<std::string> got;
    successor->receive([&](std::span<const Parcel> arrived) {
        for (const Parcel& parcel : arrived) got.emplace_back(as_text(parcel.front().payload));
    });
    EXPECT_EQ(got, std::vector<std::string>{"hello"});
}

TEST_F(LocalCarrierTest, counts_garbage_and_goes_on) {
    auto stranger = os::LocalDatagramSocket::open_for_sending().value();
    const auto names = os::abstract_names("mailslot/" + std::to_string(settings_.port) + "/");
    ASSERT_EQ(names.size(), 1u);
    ASSERT_TRUE(stranger.send(as_bytes("garbage"), names[0], std::chrono::milliseconds(100)));
    const Envelope one = message("hello", 1);
    EXPECT_TRUE(writer_->send({}, {&one, 1}));
    int got = 0;
    receive([&] { return got == 1; }, [&](const Envelope&) { ++got; });
    EXPECT_EQ(reader_->counters().rx_bad_packet, 1u);
}

TEST_F(LocalCarrierTest, sends_to_nobody_without_complaint_but_not_to_an_address) {
    reader_->stop();
    const Envelope one = message("hello", 1);
    EXPECT_EQ(writer_->send({}, {&one, 1}).value(), 1u);
    const Destination direct{Scope::direct, "", IpAddress::v4(127, 0, 0, 1)};
    EXPECT_EQ(writer_->send(direct, {&one, 1}).error().code, Errc::unreachable);
}

TEST_F(LocalCarrierTest, does_not_wait_long_for_a_reader_that_is_stopped) {
    std::vector<Envelope> many;
    const std::string text(1000, 'x');
    for (std::uint64_t i = 1; i <= 14; ++i) many.push_back(message(text, i));
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(writer_->send({}, many).value(), 14u);
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(2));
    EXPECT_GT(writer_->counters().tx_failed, 0u);
}

}  // namespace
}  // namespace mailslot
