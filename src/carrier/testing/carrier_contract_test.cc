// The promises of every carrier, whatever its transport. To add a carrier, write a World and add a
// line at the end.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <vector>

#include "base/testing/fake_clock.h"
#include "carrier/testing/collect.h"
#include "carrier/testing/fake_carrier.h"
#include "carrier/testing/free_port.h"
#include "carrier/testing/lossy_carrier.h"
#include "carrier/udp/udp_carrier.h"

namespace mailslot {
namespace {

// Several machines that can reach each other.
class World {
public:
    virtual ~World() = default;
    virtual std::unique_ptr<Carrier> make_machine() = 0;
    virtual IpAddress first_address() const = 0;            // the address of the first machine made
    virtual bool holds_a_mebibyte() const { return true; }  // until received
};

class FakeWorld : public World {
public:
    std::unique_ptr<Carrier> make_machine() override {
        return std::make_unique<FakeCarrier>(network_, IpAddress::v4(10, 0, 0, ++machines_));
    }
    IpAddress first_address() const override { return IpAddress::v4(10, 0, 0, 1); }

private:
    FakeNetwork network_;
    std::uint8_t machines_ = 0;
};

class LossyWorld final : public FakeWorld {
public:
    std::unique_ptr<Carrier> make_machine() override {
        return std::make_unique<LossyCarrier>(FakeWorld::make_machine(), Faults{}, 1, clock_);
    }

private:
    FakeClock clock_;
};

class UdpWorld final : public World {
public:
    std::unique_ptr<Carrier> make_machine() override {
        Settings settings;
        settings.port = port_;
        settings.interfaces = {"lo"};
        settings.receive_buffer_bytes = kBufferBytes;
        return make_udp_carrier(settings);
    }
    IpAddress first_address() const override { return IpAddress::v4(127, 0, 0, 1); }
    bool holds_a_mebibyte() const override {
        const auto socket = os::UdpSocket::bind(IpAddress::Family::v4, 0, kBufferBytes).value();
        int granted = 0;
        socklen_t size = sizeof granted;
        getsockopt(os::to_number(socket.fd()), SOL_SOCKET, SO_RCVBUF, &granted, &size);
        return granted >= 3 * 1024 * 1024;  // the kernel charges about twice 1200 bytes
    }

private:
    static constexpr std::size_t kBufferBytes = 4 * 1024 * 1024;
    const std::uint16_t port_ = free_port();
};

template <class T>
std::unique_ptr<World> make_world() {
    return std::make_unique<T>();
}

struct Row {
    const char* name;
    std::unique_ptr<World> (*make)();
};

class CarrierContract : public testing::TestWithParam<Row> {
protected:
    CarrierContract() { reader_->start().value(); }

    Envelope message(std::string_view payload) {
        Envelope out;
        out.slot = "Listener";
        out.from_host = "alpha";
        out.machine_id = 11;
        out.origin = 22;
        out.origin_age_ms = 33;
        out.sequence = ++sequence_;
        out.sent_at_us = 1'700'000'000'000'000 + static_cast<std::int64_t>(sequence_);
        out.format = Format::text;
        out.payload = as_bytes(payload);
        return out;
    }

    std::size_t send(std::vector<Envelope> messages, const Destination& to = {}) {
        return writer_->send(to, messages).value();
    }

    // Sends a final small message and receives until it has come: earlier messages have come by
    // then, or never will.
    Received everything_so_far(const Destination& to = {}) {
        const Envelope last = message("that is all");
        send({last}, to);
        Received received;
        EXPECT_TRUE(collect_until(*reader_, received, [&](const Received& all) {
            return !all.empty() && all.back().view().sequence == last.sequence;
        }));
        if (!received.empty()) received.pop_back();
        return received;
    }

    std::unique_ptr<World> world_ = GetParam().make();
    std::unique_ptr<Carrier> reader_ = world_->make_machine();
    std::unique_ptr<Carrier> writer_ = world_->make_machine();  // never started: only sends
    std::uint64_t sequence_ = 0;
};

TEST_P(CarrierContract, brings_a_message_with_all_of_its_envelope) {
    Envelope sent = message("HELLO");
    sent.delivered_at_home = true;
    EXPECT_EQ(send({sent}), 1u);
    const Received received = everything_so_far();
    ASSERT_EQ(received.size(), 1u);
    const Envelope got = received[0].view();
    EXPECT_EQ(got.kind, Kind::message);
    EXPECT_EQ(got.scope, Scope::everybody);
    EXPECT_EQ(got.to, "");
    EXPECT_EQ(got.slot, "Listener");
    EXPECT_EQ(got.from_host, "alpha");
    EXPECT_NE(got.from_address.family, IpAddress::Family::none);
    EXPECT_EQ(got.machine_id, 11u);
    EXPECT_EQ(got.origin, 22u);
    EXPECT_EQ(got.origin_age_ms, 33u);
    EXPECT_TRUE(got.delivered_at_home);
    EXPECT_EQ(got.sequence, 1u);
    EXPECT_EQ(got.sent_at_us, 1'700'000'000'000'001);
    EXPECT_EQ(got.format, Format::text);
    EXPECT_EQ(got.trust, Trust::none);
    EXPECT_EQ(as_text(got.payload), "HELLO");
}

TEST_P(CarrierContract, brings_messages_of_every_size_exactly_once) {
    for (const std::size_t size : {0u, 1u, 424u, 425u, 426u, 1199u, 1200u, 1201u, 65536u}) {
        SCOPED_TRACE(size);
        std::string payload(size, '\0');
        for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(i * 7 + i / 256);
        const Envelope sent = message(payload);
        EXPECT_EQ(send({sent}), 1u);
        const Assembled got = assemble(everything_so_far(), sent.sequence);
        EXPECT_EQ(got.fault, "");
        EXPECT_TRUE(got.payload == payload);
    }
}

TEST_P(CarrierContract, brings_the_largest_message_and_refuses_one_byte_more) {
    if (!world_->holds_a_mebibyte()) GTEST_SKIP() << "net.core.rmem_max is too small here";
    const std::size_t most = writer_->traits().max_message_bytes;
    std::string payload(most, 'x');
    payload.back() = 'y';
    const Envelope sent = message(payload);
    EXPECT_EQ(send({sent}), 1u);
    const Assembled got = assemble(everything_so_far(), sent.sequence);
    EXPECT_EQ(got.fault, "");
    EXPECT_TRUE(got.payload == payload);

    const std::string too_big(most + 1, 'x');
    const auto refused = writer_->send({}, std::vector<Envelope>{message(too_big)});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::message_too_big);
}

TEST_P(CarrierContract, sends_nothing_when_one_of_the_messages_is_too_big) {
    const std::string too_big(writer_->traits().max_message_bytes + 1, 'x');
    const auto refused =
        writer_->send({}, std::vector<Envelope>{message("before"), message(too_big)});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::message_too_big);
    EXPECT_EQ(everything_so_far().size(), 0u);
}

TEST_P(CarrierContract, keeps_the_order_of_many_messages) {
    std::vector<std::string> payloads;
    for (int i = 0; i < 3000; ++i) payloads.push_back("message " + std::to_string(i));
    std::vector<Envelope> messages;
    for (const std::string& payload : payloads) messages.push_back(message(payload));
    EXPECT_EQ(send(messages), 3000u);
    const Received received = everything_so_far();
    ASSERT_EQ(received.size(), 3000u);
    for (std::size_t i = 0; i < received.size(); ++i) {
        EXPECT_EQ(received[i].view().sequence, i + 1);
        EXPECT_EQ(received[i].view().sent_at_us, messages[i].sent_at_us);
        EXPECT_EQ(received[i].payload(), payloads[i]);
    }
}

// Bursts of equal and of mixed sizes, because the transport may send them differently.
TEST_P(CarrierContract, keeps_bursts_of_equal_and_of_mixed_sizes_whole) {
    const std::size_t sizes[] = {20, 200, 57, 0, 131, 1000, 3, 1300};
    std::vector<std::string> payloads(700, std::string(100, 'e'));
    for (std::size_t i = 0; i < 700; ++i) {
        payloads.emplace_back(sizes[i * i % 8], static_cast<char>('a' + i % 26));
    }
    payloads.insert(payloads.end(), 700, std::string(90, 'f'));
    std::vector<Envelope> messages;
    for (const std::string& payload : payloads) messages.push_back(message(payload));
    EXPECT_EQ(send(messages), payloads.size());
    const Received received = everything_so_far();
    std::uint64_t before = 0;
    for (const OwnedEnvelope& one : received) {
        EXPECT_LE(before, one.view().sequence);
        before = one.view().sequence;
    }
    for (std::size_t i = 0; i < payloads.size(); ++i) {
        const Assembled got = assemble(received, i + 1);
        EXPECT_EQ(got.fault, "");
        EXPECT_EQ(got.payload, payloads[i]);
    }
}

TEST_P(CarrierContract, keeps_the_order_of_small_and_large_messages) {
    const std::string large(5000, 'L');
    EXPECT_EQ(send({message("first"), message(large), message("third")}), 3u);
    const Received received = everything_so_far();
    EXPECT_EQ(assemble(received, 1).payload, "first");
    EXPECT_EQ(assemble(received, 2).payload, large);
    EXPECT_EQ(assemble(received, 2).fault, "");
    EXPECT_EQ(assemble(received, 3).payload, "third");
    for (std::size_t i = 1; i < received.size(); ++i) {
        EXPECT_LE(received[i - 1].view().sequence, received[i].view().sequence);
    }
}

TEST_P(CarrierContract, takes_no_message_when_given_none) {
    EXPECT_EQ(send({}), 0u);
    EXPECT_EQ(everything_so_far().size(), 0u);
}

TEST_P(CarrierContract, brings_the_mark_of_an_end_behind_the_messages) {
    Envelope end = message("");
    end.kind = Kind::end;
    end.sequence = 3;
    sequence_ = 0;
    send({message("one"), message("two"), end});
    const Received received = everything_so_far();
    ASSERT_EQ(received.size(), 3u);
    EXPECT_EQ(received[2].view().kind, Kind::end);
    EXPECT_EQ(received[2].view().sequence, 3u);
    EXPECT_EQ(received[2].view().origin, 22u);
}

TEST_P(CarrierContract, carries_the_name_that_receivers_compare) {
    const Destination lab{.scope = Scope::named, .to = "LAB"};
    send({message("for the lab")}, lab);
    const Received received = everything_so_far();
    ASSERT_EQ(received.size(), 1u);
    EXPECT_EQ(received[0].view().scope, Scope::named);
    EXPECT_EQ(received[0].view().to, "LAB");
}

TEST_P(CarrierContract, brings_a_message_to_the_machine_at_an_address) {
    const Destination direct{.scope = Scope::direct, .address = world_->first_address()};
    send({message("to you alone")}, direct);
    const Received received = everything_so_far(direct);
    ASSERT_EQ(received.size(), 1u);
    EXPECT_EQ(received[0].view().scope, Scope::direct);
    EXPECT_EQ(received[0].payload(), "to you alone");
}

TEST_P(CarrierContract, brings_a_query_and_its_answer_which_is_sent_while_receiving) {
    Envelope query = message("who?");
    query.kind = Kind::query;
    query.sequence = 0;
    send({query});
    Received asked;
    ASSERT_TRUE(collect(*reader_, asked, 1));
    EXPECT_EQ(asked[0].view().kind, Kind::query);
    EXPECT_EQ(asked[0].payload(), "who?");

    Envelope answer = asked[0].view();
    answer.kind = Kind::answer;
    answer.payload = as_bytes("me");
    send({message("makes it answer")});
    std::size_t answered = 0;
    Received received;
    const auto answer_the_first = [&](std::span<const Parcel>) {
        if (answered == 0) answered = reader_->send({}, std::span(&answer, 1)).value();
    };
    const auto both = [](const Received& all) { return all.size() == 2; };
    EXPECT_TRUE(collect_until(*reader_, received, both, answer_the_first));
    EXPECT_EQ(answered, 1u);
    ASSERT_EQ(received.size(), 2u);
    EXPECT_EQ(received[1].view().kind, Kind::answer);
    EXPECT_EQ(received[1].payload(), "me");
}

TEST_P(CarrierContract, reaches_every_machine) {
    const auto second = world_->make_machine();
    second->start().value();
    send({message("all of you")});
    Received first_got, second_got;
    EXPECT_TRUE(collect(*reader_, first_got, 1));
    EXPECT_TRUE(collect(*second, second_got, 1));
}

TEST_P(CarrierContract, receives_nothing_any_more_after_stop_until_it_is_started_again) {
    send({message("missed")});
    reader_->stop();
    EXPECT_EQ(reader_->poll_fd(), os::kNoHandle);
    const bool more = reader_->receive([](auto) { FAIL() << "handed over after stop"; });
    EXPECT_FALSE(more);
    EXPECT_EQ(send({message("missed too")}), 1u);
    reader_->start().value();
    EXPECT_EQ(everything_so_far().size(), 0u);
}

TEST_P(CarrierContract, counts_what_came_and_went) {
    send({message("one")});
    everything_so_far();
    EXPECT_EQ(writer_->counters().tx_datagrams, 2u);
    EXPECT_EQ(writer_->counters().tx_failed, 0u);
    EXPECT_EQ(reader_->counters().rx_datagrams, 2u);
    EXPECT_EQ(reader_->counters().rx_bad_packet, 0u);
    EXPECT_EQ(reader_->counters().rx_kernel_drops, 0u);
}

INSTANTIATE_TEST_SUITE_P(All, CarrierContract,
                         testing::Values(Row{"fake", make_world<FakeWorld>},
                                         Row{"lossy", make_world<LossyWorld>},
                                         Row{"udp", make_world<UdpWorld>}),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace mailslot
