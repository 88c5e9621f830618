// The carrier contract as far as the classic wire allows: no frames, small messages, no ends. Uses
// the loopback and ports that need no privilege.
#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <string>
#include <vector>

#include "carrier/netbios/netbios_carrier.h"
#include "carrier/testing/collect.h"
#include "carrier/testing/free_port.h"

namespace mailslot {
namespace {

const Destination kToBeta{.scope = Scope::named, .to = "BETA"};

class NetbiosCarrierTest : public testing::Test {
protected:
    NetbiosCarrierTest() : beta_(make("beta")), alpha_(make("alpha")) {
        beta_->start().value();
        own_names_of(*beta_);
    }
    std::unique_ptr<Carrier> make(const std::string& host) {
        Settings settings;
        settings.host = host;
        settings.interfaces = {"lo"};
        settings.classic.workgroup = "LAB";
        return make_netbios_carrier(settings, ports_);
    }
    static std::uint64_t counter(const Carrier& carrier, std::string_view name) {
        for (const FurtherCounter& one : carrier.further_counters()) {
            if (one.name == name) return one.count;
        }
        throw std::runtime_error("no such counter");
    }
    // Claiming takes most of a second.
    static void own_names_of(Carrier& carrier) {
        while (counter(carrier, "netbios_names") < 4) {
            pollfd readable{os::to_number(carrier.poll_fd()), POLLIN, 0};
            ASSERT_EQ(::poll(&readable, 1, 5000), 1);
            carrier.receive([](auto) {});
        }
    }
    Envelope message(std::string_view payload) {
        Envelope out;
        out.slot = "Listener";
        out.origin = 22;
        out.origin_age_ms = 33;
        out.sequence = ++sequence_;
        out.payload = as_bytes(payload);
        return out;
    }
    Received receive(std::size_t count) {
        Received received;
        EXPECT_TRUE(collect(*beta_, received, count));
        return received;
    }

    const NetbiosPorts ports_{free_port(), free_port()};
    std::unique_ptr<Carrier> beta_, alpha_;  // alpha only sends
    std::uint64_t sequence_ = 0;
};

TEST_F(NetbiosCarrierTest, brings_messages_to_a_name_in_their_order) {
    std::vector<std::string> texts;
    for (int i = 0; i < 200; ++i) texts.push_back("message " + std::to_string(i));
    std::vector<Envelope> messages;
    for (const std::string& text : texts) messages.push_back(message(text));
    EXPECT_EQ(alpha_->send(kToBeta, messages).value(), 200u);
    const Received received = receive(200);
    for (std::size_t i = 0; i < received.size(); ++i) {
        const Envelope got = received[i].view();
        EXPECT_EQ(received[i].payload(), texts[i]);
        EXPECT_EQ(got.sequence, i + 1);
        EXPECT_EQ(got.origin, 22u);
        EXPECT_EQ(got.origin_age_ms, 33u);
        EXPECT_EQ(got.slot, "Listener");
        EXPECT_EQ(got.from_host, "ALPHA");
        EXPECT_EQ(got.trust, Trust::none);
        EXPECT_EQ(got.from_address, IpAddress::v4(127, 0, 0, 1));
    }
}

TEST_F(NetbiosCarrierTest, brings_messages_to_everybody_a_group_and_an_address) {
    const Destination ways[] = {{},
                                {.scope = Scope::named, .to = "LAB"},
                                {.scope = Scope::direct, .address = IpAddress::v4(127, 0, 0, 1)}};
    for (const Destination& to : ways) {
        EXPECT_EQ(alpha_->send(to, std::vector{message("hello")}).value(), 1u);
        EXPECT_EQ(receive(1).at(0).payload(), "hello");
    }
}

TEST_F(NetbiosCarrierTest, brings_every_size_and_refuses_one_byte_more) {
    for (const std::size_t size : {0u, 1u, 255u, 256u, 423u, 424u}) {
        EXPECT_EQ(alpha_->send(kToBeta, std::vector{message(std::string(size, 'x'))}).value(), 1u);
        EXPECT_EQ(receive(1).at(0).payload().size(), size);
    }
    const std::string too_big(425, 'x');
    const std::vector<Envelope> two{message("before"), message(too_big)};
    EXPECT_EQ(alpha_->send(kToBeta, two).error().code, Errc::message_too_big);
    EXPECT_EQ(alpha_->send(kToBeta, std::vector{message("marker")}).value(), 1u);
    EXPECT_EQ(receive(1).at(0).payload(), "marker") << "nothing was sent of the two";
}

TEST_F(NetbiosCarrierTest, refuses_what_the_wire_cannot_name) {
    for (const char* const place : {"SIXTEEN-LETTERS-", "CAF\xc3\x89", "A B"}) {
        const Destination to{.scope = Scope::named, .to = place};
        EXPECT_EQ(alpha_->send(to, std::vector{message("x")}).error().code, Errc::bad_name)
            << place;
    }
    const Destination v6{.scope = Scope::direct, .address = parse_ip_address("::1").value()};
    EXPECT_EQ(alpha_->send(v6, std::vector{message("x")}).error().code, Errc::bad_name);
}

TEST_F(NetbiosCarrierTest, never_waits_for_a_name_and_says_later_that_nobody_has_it) {
    const Destination nobody{.scope = Scope::named, .to = "NOBODY"};
    const auto begun = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < kMaxWaitingForNames; ++i) {
        EXPECT_EQ(alpha_->send(nobody, std::vector{message("x")}).value(), 1u);
    }
    EXPECT_EQ(alpha_->send(nobody, std::vector{message("x")}).error().code, Errc::no_resources);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(250));
}

TEST_F(NetbiosCarrierTest, hands_over_its_names_and_what_lies_unread) {
    EXPECT_EQ(alpha_->send({}, std::vector{message("unread")}).value(), 1u);
    auto successor = make("beta");
    ASSERT_TRUE(successor->start_with(beta_->hand_over()));
    EXPECT_EQ(beta_->poll_fd(), os::kNoHandle);
    EXPECT_EQ(counter(*successor, "netbios_names"), 4u) << "without claiming them anew";
    Received received;
    ASSERT_TRUE(collect(*successor, received, 1));
    EXPECT_EQ(received[0].payload(), "unread");
}

TEST_F(NetbiosCarrierTest, receives_nothing_after_stop_and_counts) {
    EXPECT_EQ(alpha_->send({}, std::vector{message("one")}).value(), 1u);
    receive(1);
    EXPECT_EQ(alpha_->counters().tx_datagrams, 1u);
    EXPECT_EQ(beta_->counters().rx_datagrams, 1u);
    EXPECT_EQ(counter(*beta_, "netbios_bad_packet"), 0u);
    beta_->stop();
    EXPECT_EQ(beta_->poll_fd(), os::kNoHandle);
    EXPECT_FALSE(beta_->receive([](auto) { FAIL() << "handed over after stop"; }));
}

TEST_F(NetbiosCarrierTest, starts_not_where_the_machine_has_a_name_that_cannot_be) {
    const auto carrier = make("\xc3\xbc");
    EXPECT_EQ(carrier->start().error().code, Errc::bad_config);
    EXPECT_EQ(carrier->send({}, std::vector{message("x")}).error().code, Errc::bad_config);
}

}  // namespace
}  // namespace mailslot
