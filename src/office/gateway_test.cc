#include "office/gateway.h"

#include <gtest/gtest.h>

#include "carrier/netbios/classic_packer.h"
#include "carrier/testing/collect.h"
#include "carrier/testing/fake_carrier.h"
#include "wire/labels.h"

namespace mailslot::office {
namespace {

class GatewayTest : public testing::Test {
protected:
    GatewayTest() {
        settings_.classic = {.passes_in = true, .passes_out = true};
        ours_.start().value();
        classics_.start().value();
    }
    static Envelope message(Scope scope = Scope::direct) {
        Envelope out;
        out.scope = scope;
        out.slot = "IN";
        out.from_host = "WINBOX";
        out.origin = 7;
        out.sequence = 3;
        out.format = Format::unknown;
        out.payload = as_bytes("hello");
        return out;
    }
    static Received all_at(FakeCarrier& reader) {
        Received received;
        reader.receive([&](std::span<const Parcel> arrived) { collect_into(received, arrived); });
        return received;
    }
    static void collect_into(Received& received, std::span<const Parcel> arrived) {
        for (const Parcel& parcel : arrived) {
            parcel.for_each([&](const Envelope& message) { received.emplace_back(message); });
        }
    }
    void pass(const Carrier& from, const Envelope& envelope, Gateway& gateway) {
        const Parcel parcel{envelope};
        gateway.pass_on(from, {&parcel, 1});
    }

    Settings settings_;
    FakeNetwork our_network_, classic_network_;
    FakeCarrier udp_{our_network_, IpAddress::v4(10, 0, 0, 1)};
    FakeCarrier netbios_{classic_network_, IpAddress::v4(10, 0, 0, 1)};
    FakeCarrier ours_{our_network_, IpAddress::v4(10, 0, 0, 2)};
    FakeCarrier classics_{classic_network_, IpAddress::v4(10, 0, 0, 3)};
};

TEST_F(GatewayTest, passes_in_what_the_classic_wire_brought_and_says_so) {
    Gateway gateway(settings_, 99, udp_, netbios_);
    pass(netbios_, message(), gateway);
    const Received received = all_at(ours_);
    ASSERT_EQ(received.size(), 1u);
    const Envelope got = received[0].view();
    EXPECT_EQ(got.scope, Scope::everybody);
    EXPECT_EQ(got.from_host, "WINBOX");
    EXPECT_EQ(got.origin, 7u);
    EXPECT_EQ(got.sequence, 3u);
    EXPECT_EQ(got.machine_id, 99u);
    EXPECT_TRUE(got.delivered_at_home);
    EXPECT_TRUE(got.format.labelled);
    EXPECT_EQ(as_text(classic_payload(got)), "hello");
    EXPECT_TRUE(all_at(classics_).empty());
}

TEST_F(GatewayTest, passes_out_what_is_for_many_and_says_so) {
    Gateway gateway(settings_, 99, udp_, netbios_);
    pass(udp_, message(Scope::direct), gateway);
    EXPECT_TRUE(all_at(classics_).empty());
    pass(udp_, message(Scope::everybody), gateway);
    const Received received = all_at(classics_);
    ASSERT_EQ(received.size(), 1u);
    EXPECT_EQ(received[0].view().machine_id, kPassedOn);
    EXPECT_FALSE(received[0].view().delivered_at_home);
    EXPECT_TRUE(all_at(ours_).empty());
}

TEST_F(GatewayTest, never_passes_on_what_a_gateway_passed_on) {
    Gateway gateway(settings_, 99, udp_, netbios_);
    pass(netbios_, message(), gateway);
    const Received in = all_at(ours_);
    pass(udp_, in.at(0).view(), gateway);
    EXPECT_TRUE(all_at(classics_).empty());
    pass(udp_, message(Scope::everybody), gateway);
    const Received out = all_at(classics_);
    pass(netbios_, out.at(0).view(), gateway);
    EXPECT_TRUE(all_at(ours_).empty());
}

TEST_F(GatewayTest, passes_only_in_the_direction_that_is_wanted) {
    for (const bool in : {false, true}) {
        settings_.classic = {.passes_in = in, .passes_out = !in};
        Gateway gateway(settings_, 99, udp_, netbios_);
        pass(netbios_, message(), gateway);
        pass(udp_, message(Scope::everybody), gateway);
        EXPECT_EQ(all_at(ours_).size(), in ? 1u : 0u);
        EXPECT_EQ(all_at(classics_).size(), in ? 0u : 1u);
    }
    settings_.classic = {};
    Gateway gateway(settings_, 99, udp_, netbios_);
    pass(netbios_, message(), gateway);
    pass(udp_, message(Scope::everybody), gateway);
    EXPECT_TRUE(all_at(ours_).empty() && all_at(classics_).empty());
}

TEST_F(GatewayTest, passes_out_nothing_that_was_sealed) {
    Gateway gateway(settings_, 99, udp_, netbios_);
    Envelope sealed = message(Scope::everybody);
    sealed.trust = Trust::domain;
    pass(udp_, sealed, gateway);
    EXPECT_TRUE(all_at(classics_).empty());
}

TEST_F(GatewayTest, passes_on_nothing_that_is_not_trusted_here) {
    Gateway gateway(settings_, 99, udp_, netbios_);
    Envelope refused = message(Scope::everybody);
    refused.is_refused = true;
    pass(udp_, refused, gateway);
    pass(netbios_, refused, gateway);
    EXPECT_TRUE(all_at(classics_).empty() && all_at(ours_).empty());
}

TEST_F(GatewayTest, leaves_ends_queries_and_answers_alone) {
    Gateway gateway(settings_, 99, udp_, netbios_);
    for (const Kind kind : {Kind::end, Kind::query, Kind::answer, Kind::fragment}) {
        Envelope other = message(Scope::everybody);
        other.kind = kind;
        pass(udp_, other, gateway);
    }
    EXPECT_TRUE(all_at(classics_).empty());
}

}  // namespace
}  // namespace mailslot::office
