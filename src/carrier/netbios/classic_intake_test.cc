#include "carrier/netbios/classic_intake.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "base/testing/fake_clock.h"
#include "carrier/netbios/classic_packer.h"
#include "trust/testing/test_keys.h"

namespace mailslot {
namespace {

using namespace std::chrono_literals;

const Subnet kHome{2, IpAddress::v4(10, 0, 0, 1), 24};
const Endpoint kWinbox{IpAddress::v4(10, 0, 0, 7), 138};

wire::NetbiosName name(std::string_view text) { return wire::parse_netbios_name(text).value(); }

class ClassicIntakeTest : public testing::Test {
protected:
    struct What {
        std::string to = "ALPHA", from = "WINBOX", slot = "IN", text = "hello", scope = "";
        std::uint16_t id = 1;
        std::optional<wire::Stamp> stamp{};
    };
    Bytes packet(const What& what) {
        wire::MailslotWrite write;
        write.slot = what.slot;
        write.data = as_bytes(what.text);
        write.stamp = what.stamp;
        wire::NetbiosDatagram datagram;
        datagram.id = what.id;
        datagram.source_ip = kWinbox.address;
        datagram.source.name = name(what.from);
        datagram.destination = {what.to == "*" ? wire::wildcard_name() : name(what.to), what.scope};
        datagram.user_data = wire::encode_mailslot_write(smb_, write);
        return wire::encode_netbios_datagram(buffer_, datagram);
    }
    std::optional<Envelope> take(const What& what, const Endpoint& from = kWinbox) {
        const auto parcel = intake_.take(packet(what), from, {&kHome, 1});
        return parcel ? std::optional(parcel->front()) : std::nullopt;
    }

    FakeClock clock_;
    SeededRandom random_{1};
    ClassicCounters counters_;
    ClassicIntake intake_{
        OwnNames{name("ALPHA"), name("LAB"), {{name("ALPHA"), false}, {name("LAB"), true}}}, clock_,
        random_, counters_};
    std::array<std::byte, 1024> buffer_, smb_;
};

TEST_F(ClassicIntakeTest, marks_what_is_for_a_domain_whose_key_is_here) {
    const OwnNames names{
        name("ALPHA"), name("WORK"), {{name("ALPHA"), false}, {name("LAB"), true}}};
    ClassicIntake intake(names, clock_, random_, counters_,
                         trust::Keys::of(trust::test_ring(trust::test_domain("Lab", 1))));
    for (const auto& [to, is_refused] : {std::pair("lab", true), {"ALPHA", false}}) {
        const auto parcel = intake.take(packet({.to = to, .text = to}), kWinbox, {&kHome, 1});
        ASSERT_TRUE(parcel);
        EXPECT_EQ(parcel->front().is_refused, is_refused) << to;
        EXPECT_EQ(parcel->front().trust, Trust::none);
    }
}

TEST_F(ClassicIntakeTest, hands_over_what_is_for_this_machine) {
    for (const char* const to : {"ALPHA", "LAB", "*"}) {
        SCOPED_TRACE(to);
        const auto got = take({.to = to, .id = static_cast<std::uint16_t>(to[0])});
        ASSERT_TRUE(got);
        EXPECT_EQ(got->kind, Kind::message);
        EXPECT_EQ(got->scope, Scope::direct);
        EXPECT_EQ(got->slot, "IN");
        EXPECT_EQ(as_text(got->payload), "hello");
        EXPECT_EQ(got->from_host, "WINBOX");
        EXPECT_EQ(got->from_address, kWinbox.address);
        EXPECT_EQ(got->trust, Trust::none);
        EXPECT_EQ(got->format, Form(Format::unknown));
        EXPECT_EQ(got->sent_at_us, clock_.unix_microseconds());
    }
}

TEST_F(ClassicIntakeTest, drops_and_counts_the_rest) {
    EXPECT_FALSE(take({.to = "BETA"}));
    EXPECT_FALSE(take({.to = "ALPHA#20"}));
    EXPECT_FALSE(take({.scope = "EXAMPLE.COM"}));
    EXPECT_EQ(counters_.other_name, 3u);
    EXPECT_FALSE(intake_.take(packet({}).first(150), kWinbox, {}));
    EXPECT_FALSE(intake_.take({}, kWinbox, {}));
    std::vector<std::byte> spoilt(packet({}).begin(), packet({}).end());
    spoilt[82 + 61] = std::byte(2);  // the opcode
    EXPECT_FALSE(intake_.take(spoilt, kWinbox, {}));
    EXPECT_EQ(counters_.bad_packet, 3u);
    EXPECT_EQ(counters_.rx_datagrams, 6u);
}

TEST_F(ClassicIntakeTest, knows_a_copy_without_a_stamp_for_a_second) {
    EXPECT_TRUE(take({}));
    EXPECT_FALSE(take({}));
    EXPECT_FALSE(take({}, {kWinbox.address, 1138}));  // from another socket of the same sender
    EXPECT_EQ(counters_.repeats, 2u);
    EXPECT_TRUE(take({.id = 2}));
    EXPECT_TRUE(take({.text = "hullo"}));
    EXPECT_TRUE(take({.slot = "OUT"}));
    EXPECT_TRUE(take({}, {IpAddress::v4(10, 0, 0, 8), 138}));
    clock_.advance(kClassicRepeatTime);
    EXPECT_FALSE(take({}));
    clock_.advance(1us);
    EXPECT_TRUE(take({}));
}

TEST_F(ClassicIntakeTest, numbers_the_messages_of_senders_that_do_not) {
    const auto first = take({.id = 1}).value(), second = take({.id = 2}).value();
    EXPECT_NE(first.origin, 0u);
    EXPECT_EQ(first.origin, second.origin);
    EXPECT_EQ(first.sequence, 1u);
    EXPECT_EQ(second.sequence, 2u);
    EXPECT_EQ(second.origin_age_ms, 0xffffffff);
    EXPECT_NE(take({.slot = "OUT", .id = 3})->origin, first.origin);
    EXPECT_NE(take({.from = "OTHER", .id = 4})->origin, first.origin);
    EXPECT_EQ(take({.slot = "in", .id = 5})->sequence, 3u);
    for (std::size_t i = 0; i < kMaxClassicSenders + 10; ++i) {
        take({.from = "S" + std::to_string(i), .id = static_cast<std::uint16_t>(i + 10)});
    }
    const auto anew = take({.id = 7}).value();
    EXPECT_NE(anew.origin, first.origin);
    EXPECT_EQ(anew.sequence, 1u);
}

TEST_F(ClassicIntakeTest, takes_origin_and_number_from_the_stamp) {
    const auto got = take({.stamp = wire::Stamp{77, 5, 1234, false}}).value();
    EXPECT_EQ(got.origin, 77u);
    EXPECT_EQ(got.sequence, 5u);
    EXPECT_EQ(got.origin_age_ms, 1234u);
    EXPECT_EQ(got.machine_id, 0u);
    EXPECT_TRUE(take({.stamp = wire::Stamp{77, 5, 1234, false}})) << "the post office knows copies";
    EXPECT_EQ(take({.stamp = wire::Stamp{77, 6, 0, false, true}})->machine_id, kPassedOn);
}

TEST_F(ClassicIntakeTest, drops_what_came_back_and_is_in_the_slot_already) {
    const Endpoint own{kHome.address, 138};
    EXPECT_FALSE(take({.to = "LAB", .from = "ALPHA", .stamp = wire::Stamp{1, 1, 0, true}}, own));
    EXPECT_FALSE(
        take({.to = "LAB", .from = "ALPHA", .stamp = wire::Stamp{1, 2, 0, false, true}}, own));
    EXPECT_EQ(counters_.own, 2u);
    EXPECT_TRUE(take({.to = "LAB", .from = "ALPHA", .stamp = wire::Stamp{1, 3, 0, false}}, own));
    EXPECT_TRUE(take({.to = "LAB", .from = "ALPHA", .stamp = wire::Stamp{1, 4, 0, true}}));
}

TEST(ClassicPacker, refuses_what_does_not_fit_and_leaves_labels_behind) {
    EXPECT_TRUE(fits_classic_wire("IN", 428));
    EXPECT_EQ(fits_classic_wire("IN", 429).error().code, Errc::message_too_big);
    EXPECT_EQ(fits_classic_wire("\xc3\xa9", 1).error().code, Errc::bad_name);
    EXPECT_EQ(fits_classic_wire(std::string(440, 'x'), 0).error().code, Errc::bad_name);
    Envelope message;
    message.format = Form(Format::text, true);
    const std::string payload("\0\x04\x01\0\0ahello", 11);
    message.payload = as_bytes(payload);
    EXPECT_EQ(as_text(classic_payload(message)), "hello");
}

TEST(OwnNames, are_made_of_the_settings) {
    Settings settings;
    settings.host = "a-host-with-a-long-name";
    settings.domains = {"Sales", "caf\xc3\xa9"};
    settings.classic.names = {"lab#1c", "extra#20", "A-HOST-WITH-A-L#00"};
    const OwnNames names = own_names(settings).value();
    std::vector<std::string> all;
    for (const OwnName& one : names.all) {
        all.push_back(wire::to_string(one.name) + (one.is_group ? " group" : ""));
    }
    const std::vector<std::string> expected{"A-HOST-WITH-A-L#00",
                                            "A-HOST-WITH-A-L#03",
                                            "WORKGROUP#00 group",
                                            "WORKGROUP#1E group",
                                            "SALES#00 group",
                                            "LAB#1C group",
                                            "EXTRA#20"};
    EXPECT_EQ(all, expected);
    settings.host = "\xc3\xbc";
    EXPECT_EQ(own_names(settings).error().code, Errc::bad_config);
}

TEST(Subnets, are_those_that_can_broadcast) {
    const auto v4 = IpAddress::v4;
    const os::Interface eth{.index = 2,
                            .name = "eth0",
                            .up = true,
                            .broadcast = true,
                            .ipv4 = {v4(10, 0, 1, 7), v4(192, 168, 0, 1), v4(1, 1, 1, 1)},
                            .ipv4_prefixes = {20, 30, 31}};
    os::Interface lo{.index = 1,
                     .name = "lo",
                     .up = true,
                     .loopback = true,
                     .ipv4 = {v4(127, 0, 0, 1)},
                     .ipv4_prefixes = {8}};
    os::Interface down = eth;
    down.up = false;
    const std::vector<os::Interface> all{lo, eth, down};
    Settings settings;
    const auto subnets = subnets_of(all, settings);
    ASSERT_EQ(subnets.size(), 2u);
    EXPECT_EQ(subnets[0].broadcast(), v4(10, 0, 15, 255));
    EXPECT_EQ(subnets[1].broadcast(), v4(192, 168, 0, 3));
    EXPECT_TRUE(subnets[0].contains(v4(10, 0, 0, 0)));
    EXPECT_FALSE(subnets[0].contains(v4(10, 0, 16, 0)));
    EXPECT_EQ(subnet_of(subnets, 2, v4(192, 168, 0, 2)), &subnets[1]);
    EXPECT_EQ(subnet_of(subnets, 1, v4(10, 0, 1, 7)), &subnets[0]) << "our own, by the loopback";
    EXPECT_EQ(subnet_of(subnets, 9, v4(10, 0, 1, 8)), nullptr);
    settings.interfaces = {"lo"};
    ASSERT_EQ(subnets_of(all, settings).size(), 1u);
    EXPECT_EQ(subnets_of(all, settings)[0].broadcast(), v4(127, 255, 255, 255));
    settings.families = Families::ipv6;
    EXPECT_TRUE(subnets_of(all, settings).empty());
}

}  // namespace
}  // namespace mailslot
