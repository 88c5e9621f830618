#include "wire/netbios_datagram.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "wire/smb_mailslot.h"
#include "wire/testing/hex.h"

namespace mailslot::wire {
namespace {

const std::string kHeader = "10 02 4d53 0a4d0002 008a 009d 0000 ";
const std::string kNames =
    "20 454d454a454f464646494543455046494341434143414341434143414341414100"
    "20 4648454a454f454345504649434143414341434143414341434143414341414100";
const std::string kWrite =
    "ff534d42 25 00000000 18 0400 0000 0000000000000000 0000 0000 fffe 0000 0000"
    "11 0000 0500 0200 0000 00 00 0200 00000000 0000 0000 5400 0500 5400 03 00"
    "0100 0000 0200 1400"
    "5c4d41494c534c4f545c54455354 00 48656c6c6f";

TEST(NetbiosDatagram, is_the_worked_packet_in_both_directions) {
    const auto bytes = from_hex(kHeader + kNames + kWrite);
    const auto datagram = decode_netbios_datagram(bytes).value();
    EXPECT_EQ(datagram.type, DatagramType::direct_unique);
    EXPECT_EQ(datagram.flags, kFirstPart);
    EXPECT_EQ(datagram.id, 0x4d53);
    EXPECT_EQ(datagram.source_ip, IpAddress::v4(10, 77, 0, 2));
    EXPECT_EQ(datagram.source_port, 138);
    EXPECT_EQ(datagram.length, 157);
    EXPECT_EQ(datagram.source.name, make_netbios_name("LINUXBOX", 0).value());
    EXPECT_EQ(datagram.destination.name, make_netbios_name("WINBOX", 0).value());
    const auto write = decode_mailslot_write(datagram.user_data).value();
    EXPECT_EQ(write.slot, "TEST");
    EXPECT_EQ(as_text(write.data), "Hello");

    std::array<std::byte, 600> buffer, smb;
    NetbiosDatagram again = datagram;
    again.user_data = encode_mailslot_write(smb, write);
    EXPECT_EQ(as_text(encode_netbios_datagram(buffer, again)), as_text(bytes));
}

TEST(NetbiosDatagram, is_decoded_whatever_it_says_of_length_source_and_node) {
    for (const std::string header :
         {"11 0e 0000 00000000 0000 0000 0000", "12 0a ffff ffffffff ffff ffff 0000",
          "10 f2 0001 7f000001 9c40 07d0 0000"}) {
        SCOPED_TRACE(header);
        EXPECT_TRUE(decode_netbios_datagram(from_hex(header + kNames + kWrite)));
    }
}

struct Bad {
    const char* what;
    std::string hex;
    const char* step;
};

TEST(NetbiosDatagram, is_refused_where_a_rule_is_broken) {
    const std::string short_write = kWrite.substr(0, kWrite.find("5c4d"));
    const std::string scoped = kNames.substr(0, 67) + "03 434f4d 00";
    const Bad rows[] = {
        {"nothing", "", "short"},
        {"a header alone", kHeader, "short"},
        {"one byte short of the least write",
         kHeader + kNames + short_write.substr(0, short_write.size() - 2), "short"},
        {"short behind a name with a scope", kHeader + scoped + scoped + std::string(2 * 68, '0'),
         "short"},
        {"an error packet", "13 02 4d53 0a4d0002 008a 009d 0000" + kNames + kWrite, "type"},
        {"a query of the distribution service",
         "14 02 4d53 0a4d0002 008a 009d 0000" + kNames + kWrite, "type"},
        {"a type below all", "0f 02 4d53 0a4d0002 008a 009d 0000" + kNames + kWrite, "type"},
        {"more follows", "10 03 4d53 0a4d0002 008a 009d 0000" + kNames + kWrite, "fragment"},
        {"not the first", "10 00 4d53 0a4d0002 008a 009d 0000" + kNames + kWrite, "fragment"},
        {"an offset", "10 02 4d53 0a4d0002 008a 009d 0001" + kNames + kWrite, "fragment"},
        {"a name of other letters", kHeader + "20 7" + kNames.substr(4) + kWrite, "name"},
        {"a pointer for a name", kHeader + "c00e" + kNames.substr(5) + kWrite, "name"},
    };
    for (const Bad& row : rows) {
        SCOPED_TRACE(row.what);
        const auto datagram = decode_netbios_datagram(from_hex(row.hex));
        ASSERT_FALSE(datagram);
        EXPECT_EQ(datagram.error().code, Errc::bad_packet);
        EXPECT_STREQ(datagram.error().step, row.step);
    }
}

TEST(NetbiosDatagram, is_not_encoded_where_it_would_be_refused) {
    const auto write = from_hex(kWrite);
    NetbiosDatagram good;
    good.source_ip = IpAddress::v4(10, 0, 0, 1);
    good.source.name = good.destination.name = make_netbios_name("A", 0).value();
    good.user_data = write;
    std::array<std::byte, 600> buffer;
    ASSERT_FALSE(encode_netbios_datagram(buffer, good).empty());
    EXPECT_TRUE(encode_netbios_datagram(std::span(buffer).first(170), good).empty());
    NetbiosDatagram bad = good;
    bad.flags = kFirstPart | kMoreFollows;
    EXPECT_TRUE(encode_netbios_datagram(buffer, bad).empty());
    bad = good;
    bad.type = DatagramType{0x13};
    EXPECT_TRUE(encode_netbios_datagram(buffer, bad).empty());
    bad = good;
    bad.destination.scope = "A..B";
    EXPECT_TRUE(encode_netbios_datagram(buffer, bad).empty());
    bad = good;
    bad.user_data = bad.user_data.first(68);
    EXPECT_TRUE(encode_netbios_datagram(buffer, bad).empty());
    bad = good;
    bad.source_ip = {};
    EXPECT_TRUE(encode_netbios_datagram(buffer, bad).empty());
}

}  // namespace
}  // namespace mailslot::wire
