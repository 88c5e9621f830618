#include "carrier/netbios/name_service.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "base/testing/fake_clock.h"

namespace mailslot {
namespace {

using namespace std::chrono_literals;
using Standing = NameService::Standing;
using wire::NamePacket;

const Subnet kHome{2, IpAddress::v4(10, 0, 0, 1), 24};
const Subnet kOffice{3, IpAddress::v4(192, 168, 1, 9), 16};
const Endpoint kOther{IpAddress::v4(10, 0, 0, 7), 137};

wire::NetbiosName name(std::string_view text) { return wire::parse_netbios_name(text).value(); }

class NameServiceTest : public testing::Test {
protected:
    NameServiceTest() { service_.set_subnets({&kHome, 1}); }

    // A packet sent since the last call, decoded.
    struct Sent {
        std::uint16_t id, flags;
        std::string name;
        Endpoint to;
        std::vector<std::byte> bytes;
    };
    std::vector<Sent> sent() {
        std::vector<Sent> all;
        for (auto& outgoing : service_.take_outgoing()) {
            const auto packet = wire::decode_name_packet(outgoing.bytes).value();
            const auto& of = packet.question ? packet.question->name : packet.record->name;
            all.push_back(
                {packet.id, packet.flags, wire::to_string(of.name), outgoing.to, outgoing.bytes});
        }
        return all;
    }
    std::vector<Sent> after(std::chrono::microseconds time) {
        clock_.advance(time);
        service_.tick();
        return sent();
    }
    void own_all() {
        service_.tick();
        for (int i = 0; i < kNameRetries; ++i) after(kNameRetryTime);
        sent();
    }
    void hear(const NamePacket& packet, const Endpoint& from = kOther, std::uint32_t by = 2) {
        std::array<std::byte, 600> buffer;
        service_.hear(wire::encode_name_packet(buffer, packet), from, by);
    }
    // A claim, refresh or objection with a single address.
    void hear_record(std::uint16_t id, std::uint16_t flags, std::string_view of, bool is_group,
                     const Endpoint& from = kOther) {
        std::array<std::byte, wire::kNameAddressBytes> data;
        NamePacket packet{id, flags};
        if ((flags & wire::name_flags::kResponse) == 0) {
            packet.question = wire::NameQuestion{{name(of), ""}};
        }
        packet.record = wire::NameRecord{{name(of), ""}};
        packet.record->data = wire::encode_name_address(data, {is_group, 0, from.address});
        hear(packet, from);
    }
    Standing standing(std::string_view of) {
        for (const auto& held : service_.held()) {
            if (held.name.name == name(of)) return held.standing;
        }
        throw std::runtime_error("no such name");
    }

    FakeClock clock_;
    SeededRandom random_{1};
    NameService service_{
        OwnNames{name("ALPHA"), name("LAB"), {{name("ALPHA"), false}, {name("LAB"), true}}}, clock_,
        random_};
};

TEST_F(NameServiceTest, claims_each_name_three_times_and_then_takes_it) {
    service_.tick();
    for (int i = 0; i < kNameRetries; ++i) {
        const auto packets = i == 0 ? sent() : after(kNameRetryTime);
        ASSERT_EQ(packets.size(), 2u) << i;
        EXPECT_EQ(packets[0].flags, 0x2910);
        EXPECT_EQ(packets[0].name, "ALPHA#00");
        EXPECT_EQ(packets[1].name, "LAB#00");
        EXPECT_EQ(packets[0].to, (Endpoint{IpAddress::v4(10, 0, 0, 255), 137}));
        EXPECT_EQ(packets[0].bytes.size(), 68u);
        EXPECT_EQ(standing("ALPHA"), Standing::claiming);
    }
    EXPECT_TRUE(after(kNameRetryTime - 1us).empty());
    const auto demands = after(1us);
    ASSERT_EQ(demands.size(), 2u);
    EXPECT_EQ(demands[0].flags, 0x2810);
    EXPECT_EQ(standing("ALPHA"), Standing::ours);
}

TEST_F(NameServiceTest, gives_up_a_name_that_somebody_objects_to_and_tries_again_later) {
    service_.tick();
    const auto claims = sent();
    hear_record(static_cast<std::uint16_t>(claims[0].id + 1), 0xad86, "ALPHA", false);
    EXPECT_EQ(standing("ALPHA"), Standing::claiming) << "another ID";
    hear_record(claims[0].id, 0xad86, "LAB", false);
    EXPECT_EQ(standing("ALPHA"), Standing::claiming) << "another name";
    hear_record(claims[0].id, 0xad80, "ALPHA", false);
    EXPECT_EQ(standing("ALPHA"), Standing::claiming) << "a positive answer";
    hear_record(claims[0].id, 0xad86, "ALPHA", false);
    EXPECT_EQ(standing("ALPHA"), Standing::refused);
    EXPECT_EQ(service_.held()[0].refused_by, kOther.address);
    EXPECT_EQ(standing("LAB"), Standing::claiming);
    after(kNameRetryTime);
    hear({1, 0x0110, wire::NameQuestion{{name("ALPHA"), ""}}});
    EXPECT_TRUE(sent().empty()) << "answers for a name that is not its own";
    after(kClaimRefusedAgain);
    EXPECT_EQ(standing("ALPHA"), Standing::claiming);
}

TEST_F(NameServiceTest, answers_queries_for_its_names_and_no_others) {
    service_.tick();
    sent();
    const NamePacket query{77, 0x0110, wire::NameQuestion{{name("ALPHA"), ""}}};
    hear(query);
    EXPECT_TRUE(sent().empty()) << "not while it is being claimed";
    own_all();
    const Endpoint asker{IpAddress::v4(10, 0, 0, 7), 40000};
    hear(query, asker);
    const auto answers = sent();
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(answers[0].id, 77);
    EXPECT_EQ(answers[0].flags, 0x8500);
    EXPECT_EQ(answers[0].to, asker);
    const auto packet = wire::decode_name_packet(answers[0].bytes).value();
    EXPECT_FALSE(packet.question);
    const auto addresses = wire::decode_name_addresses(packet.record->data);
    ASSERT_EQ(addresses.size(), 1u);
    EXPECT_EQ(addresses[0].address, kHome.address);
    EXPECT_FALSE(addresses[0].is_group);

    hear({1, 0x0110, wire::NameQuestion{{name("LAB"), ""}}});
    const auto of_group = sent();  // the decoded packet borrows it
    const auto group = wire::decode_name_packet(of_group.at(0).bytes).value();
    EXPECT_TRUE(wire::decode_name_addresses(group.record->data).at(0).is_group);

    hear({1, 0x0110, wire::NameQuestion{{name("BETA"), ""}}});
    hear({1, 0x0110, wire::NameQuestion{{name("ALPHA#20"), ""}}});
    hear({1, 0x0110, wire::NameQuestion{{name("ALPHA"), "SCOPE"}}});
    hear({1, 0x0110, wire::NameQuestion{{wire::wildcard_name(), ""}}});
    hear(query, {IpAddress::v4(10, 0, 1, 7), 137});  // from outside the subnet
    hear(query, {kHome.address, 137});               // our own broadcast
    hear(query, kOther, 9);                          // by an interface of another network
    EXPECT_TRUE(sent().empty());
}

TEST_F(NameServiceTest, tells_its_names_to_who_asks_for_them) {
    own_all();
    for (const auto& asked : {wire::wildcard_name(), name("ALPHA")}) {
        hear({5, 0, wire::NameQuestion{{asked, ""}, wire::RecordType::status}});
        const auto answers = sent();
        ASSERT_EQ(answers.size(), 1u);
        EXPECT_EQ(answers[0].flags, 0x8400);
        const auto packet = wire::decode_name_packet(answers[0].bytes).value();
        const auto names = wire::decode_node_status(packet.record->data).value();
        ASSERT_EQ(names.size(), 2u);
        EXPECT_EQ(names[0].name, name("ALPHA"));
        EXPECT_TRUE(names[1].is_group);
    }
    hear({5, 0, wire::NameQuestion{{name("BETA"), ""}, wire::RecordType::status}});
    EXPECT_TRUE(sent().empty());
}

TEST_F(NameServiceTest, defends_what_is_its_own) {
    own_all();
    struct Row {
        const char* what;
        std::uint16_t flags;
        const char* name;
        bool is_group;
        std::uint16_t answer;  // 0: no answer
    };
    const Row rows[] = {
        {"a claim of a unique name", 0x2910, "ALPHA", false, 0xad86},
        {"a group of that name", 0x2910, "ALPHA", true, 0xad86},
        {"a demand", 0x2810, "ALPHA", false, 0xad86},
        {"a claim by who has several addresses", 0x7910, "ALPHA", false, 0xfd86},
        {"a refresh", 0x4010, "ALPHA", false, 0xc586},
        {"the other refresh", 0x4810, "ALPHA", false, 0xcd86},
        {"a unique name like our group's", 0x2910, "LAB", false, 0xad86},
        {"a member of our group", 0x2910, "LAB", true, 0},
        {"a refresh of a member", 0x4010, "LAB", true, 0},
        {"another name", 0x2910, "BETA", false, 0},
        {"a release", 0x3010, "ALPHA", false, 0},
        {"a conflict demand that nobody asked for", 0xad87, "ALPHA", false, 0},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.what);
        hear_record(9, row.flags, row.name, row.is_group);
        const auto packets = sent();
        ASSERT_EQ(packets.size(), row.answer == 0 ? 0u : 1u);
        if (row.answer == 0) continue;
        EXPECT_EQ(packets[0].flags, row.answer);
        EXPECT_EQ(packets[0].id, 9);
        EXPECT_EQ(packets[0].to, kOther);
    }
    EXPECT_EQ(standing("ALPHA"), Standing::ours);
}

TEST_F(NameServiceTest, refreshes_and_gives_up_what_another_has_as_well) {
    own_all();
    const auto refreshes = after(kRefreshNames);
    ASSERT_EQ(refreshes.size(), 2u);
    EXPECT_EQ(refreshes[0].flags, 0x4010);
    hear_record(refreshes[0].id, 0xc586, "ALPHA", false);
    EXPECT_EQ(standing("ALPHA"), Standing::refused);
    EXPECT_EQ(standing("LAB"), Standing::ours);
}

TEST_F(NameServiceTest, follows_subnets_that_come_and_go) {
    own_all();
    const Subnet both[] = {kHome, kOffice};
    service_.set_subnets(both);
    service_.tick();
    const auto claims = sent();
    ASSERT_EQ(claims.size(), 2u);
    EXPECT_EQ(claims[0].to.address, IpAddress::v4(192, 168, 255, 255));
    EXPECT_EQ(service_.held().size(), 4u);
    service_.set_subnets({&kOffice, 1});
    EXPECT_EQ(service_.held().size(), 2u);
    service_.set_subnets({});
    EXPECT_FALSE(service_.next_tick());
}

TEST_F(NameServiceTest, releases_what_is_its_own_and_only_that) {
    service_.tick();
    hear_record(sent()[0].id, 0xad86, "ALPHA", false);
    for (int i = 0; i < kNameRetries; ++i) after(kNameRetryTime);
    service_.release_all();
    const auto packets = sent();
    ASSERT_EQ(packets.size(), 1u);
    EXPECT_EQ(packets[0].flags, 0x3010);
    EXPECT_EQ(packets[0].name, "LAB#00");
    EXPECT_TRUE(service_.held().empty());
}

TEST_F(NameServiceTest, of_an_earlier_office_are_ours_at_once) {
    service_.set_subnets({});
    service_.set_subnets({&kHome, 1}, true);
    service_.tick();
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(standing("ALPHA"), Standing::ours);
}

TEST_F(NameServiceTest, counts_damage_and_survives_it) {
    own_all();
    for (int size = 0; size < 12; ++size) {
        const std::vector<std::byte> bytes(static_cast<std::size_t>(size), std::byte(0xff));
        service_.hear(bytes, kOther, 2);
    }
    hear({1, 0x2910, wire::NameQuestion{{name("ALPHA"), ""}}});  // a claim without an address
    hear({1, 0xad86});
    EXPECT_EQ(service_.counters().bad_packets, 12u);
    EXPECT_EQ(service_.counters().packets, 14u);
    EXPECT_TRUE(sent().empty());
}

}  // namespace
}  // namespace mailslot
