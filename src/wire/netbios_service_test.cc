#include "wire/netbios_service.h"

#include <gtest/gtest.h>

#include <string>

#include "wire/testing/hex.h"

namespace mailslot::wire {
namespace {

const std::string kName = "20 4641464345504543454643414341434143414341434143414341434143414141 00";
constexpr std::string_view kAnswerTail = "0020 0001 00000000 0006 0000 0a4d0002";

ScopedName probe() { return {make_netbios_name("PROBE", 0).value(), ""}; }

TEST(NetbiosService, is_the_worked_query_in_both_directions) {
    const auto bytes = from_hex("1234 0110 0001 0000 0000 0000" + kName + "0020 0001");
    const NamePacket packet = decode_name_packet(bytes).value();
    EXPECT_EQ(packet.id, 0x1234);
    EXPECT_EQ(packet.flags, 0x0110);
    EXPECT_FALSE(packet.is_response());
    EXPECT_EQ(packet.opcode(), NameOpcode::query);
    EXPECT_EQ(packet.question->name, probe());
    EXPECT_EQ(packet.question->type, RecordType::address);
    EXPECT_FALSE(packet.record);
    std::array<std::byte, kMaxNameServicePacketBytes> buffer;
    EXPECT_EQ(as_text(encode_name_packet(buffer, packet)), as_text(bytes));
}

TEST(NetbiosService, is_the_worked_answer_in_both_directions) {
    const auto bytes = from_hex("1234 8500 0000 0001 0000 0000" + kName + std::string(kAnswerTail));
    const NamePacket packet = decode_name_packet(bytes).value();
    EXPECT_TRUE(packet.is_response());
    EXPECT_EQ(packet.result(), 0);
    EXPECT_FALSE(packet.question);
    EXPECT_EQ(packet.record->name, probe());
    const auto addresses = decode_name_addresses(packet.record->data);
    ASSERT_EQ(addresses.size(), 1u);
    const NameAddress expected{false, 0, IpAddress::v4(10, 77, 0, 2)};
    EXPECT_EQ(addresses[0], expected);
    std::array<std::byte, kMaxNameServicePacketBytes> buffer;
    EXPECT_EQ(as_text(encode_name_packet(buffer, packet)), as_text(bytes));
    std::array<std::byte, kNameAddressBytes> address;
    EXPECT_EQ(as_text(encode_name_address(address, expected)), as_text(packet.record->data));
}

TEST(NetbiosService, is_a_registration_whose_record_points_to_the_question) {
    const auto bytes = from_hex("0001 2910 0001 0000 0000 0001" + kName +
                                "0020 0001 c00c 0020 0001 00000000 0006 e000 0a4d0002");
    const NamePacket packet = decode_name_packet(bytes).value();
    EXPECT_EQ(packet.opcode(), NameOpcode::registration);
    EXPECT_EQ(packet.record->name, probe());
    const NameAddress group{true, 3, IpAddress::v4(10, 77, 0, 2)};
    EXPECT_EQ(decode_name_addresses(packet.record->data).at(0), group);
    std::array<std::byte, kMaxNameServicePacketBytes> buffer;
    EXPECT_EQ(as_text(encode_name_packet(buffer, packet)), as_text(bytes));
}

TEST(NetbiosService, lists_the_names_of_a_node_in_both_directions) {
    const std::vector<NodeName> names{{make_netbios_name("PROBE", 0).value(), false, false},
                                      {make_netbios_name("MSGROUP", 0).value(), true, false},
                                      {make_netbios_name("LOST", 0x20).value(), false, true}};
    std::array<std::byte, kMaxNameServicePacketBytes> buffer;
    const Bytes bytes = encode_node_status(buffer, names);
    EXPECT_EQ(bytes.size(), 47 + 18 * names.size());
    EXPECT_EQ(decode_node_status(bytes).value(), names);
    EXPECT_FALSE(decode_node_status(bytes.first(3 * 18)));
    EXPECT_FALSE(decode_node_status({}));
    EXPECT_TRUE(encode_node_status(std::span(buffer).first(60), names).empty());
    const std::vector<NodeName> many(40, names[0]);
    EXPECT_EQ(decode_node_status(encode_node_status(buffer, many))->size(), kMaxNodeNames);
}

TEST(NetbiosService, is_refused_where_it_is_damaged) {
    const std::string query = kName + "0020 0001";
    const std::pair<const char*, std::string> rows[] = {
        {"nothing", ""},
        {"a header cut", "1234 0110 0001 0000 0000 00"},
        {"two questions", "1234 0110 0002 0000 0000 0000" + query + query},
        {"two records", "1234 8500 0000 0001 0001 0000" + kName + std::string(kAnswerTail)},
        {"no question where one is said", "1234 0110 0001 0000 0000 0000"},
        {"a question without type", "1234 0110 0001 0000 0000 0000" + kName},
        {"a question of another class", "1234 0110 0001 0000 0000 0000" + kName + "0020 0003"},
        {"a record of another class",
         "1234 8500 0000 0001 0000 0000" + kName + "0020 0003 00000000 0000"},
        {"a record longer than the packet",
         "1234 8500 0000 0001 0000 0000" + kName + "0020 0001 00000000 0001"},
        {"a record cut", "1234 8500 0000 0001 0000 0000" + kName + "0020 0001 0000"},
        {"a record that points to itself",
         "1234 8500 0000 0001 0000 0000 c00c 0020 0001 00000000 0000"},
    };
    for (const auto& [what, hex] : rows) {
        SCOPED_TRACE(what);
        const auto packet = decode_name_packet(from_hex(hex));
        ASSERT_FALSE(packet);
        EXPECT_EQ(packet.error().code, Errc::bad_packet);
    }
}

TEST(NetbiosService, is_not_encoded_where_it_would_be_refused) {
    std::array<std::byte, kMaxNameServicePacketBytes> buffer;
    NamePacket packet{1, 0x2910, NameQuestion{probe()}, NameRecord{probe()}};
    EXPECT_FALSE(encode_name_packet(buffer, packet).empty());
    EXPECT_TRUE(encode_name_packet(std::span(buffer).first(50), packet).empty());
    packet.record->name.name = wildcard_name();
    EXPECT_TRUE(encode_name_packet(buffer, packet).empty());
    packet = {1, 0x0110, NameQuestion{{probe().name, "A..B"}}};
    EXPECT_TRUE(encode_name_packet(buffer, packet).empty());
}

}  // namespace
}  // namespace mailslot::wire
