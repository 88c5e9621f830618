#include "wire/smb_mailslot.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "wire/testing/hex.h"

namespace mailslot::wire {
namespace {

// The worked packet, for tests that damage single places.
std::vector<std::byte> worked() {
    return from_hex(
        "ff534d42 25 00000000 18 0400 0000 0000000000000000 0000 0000 fffe 0000 0000"
        "11 0000 0500 0200 0000 00 00 0200 00000000 0000 0000 5400 0500 5400 03 00"
        "0100 0000 0200 1400"
        "5c4d41494c534c4f545c54455354 00 48656c6c6f");
}

MailslotWrite write_to(std::string_view slot, std::string_view data) {
    MailslotWrite write;
    write.slot = slot;
    write.data = as_bytes(data);
    return write;
}

TEST(SmbMailslot, is_the_worked_packet_in_both_directions) {
    const auto bytes = worked();
    const auto write = decode_mailslot_write(bytes).value();
    EXPECT_EQ(write.slot, "TEST");
    EXPECT_EQ(as_text(write.data), "Hello");
    EXPECT_EQ(write.priority, 0);
    EXPECT_EQ(write.mail_class, 2);
    EXPECT_FALSE(write.stamp);
    std::array<std::byte, kMaxSmbBytes> buffer;
    EXPECT_EQ(as_text(encode_mailslot_write(buffer, write)), as_text(bytes));
}

TEST(SmbMailslot, carries_the_stamp_where_nobody_else_looks) {
    MailslotWrite write = write_to("TEST", "Hello");
    write.stamp = Stamp{0x1122334455667788, 0x0000a1a2a3a4a5a6, 0x01020304, false};
    std::array<std::byte, kMaxSmbBytes> buffer;
    for (const bool at_home : {false, true}) {
        write.stamp->delivered_at_home = at_home;
        const Bytes bytes = encode_mailslot_write(buffer, write);
        auto expected = worked();
        const auto put = [&expected](std::size_t at, std::string_view hex) {
            std::ranges::copy(from_hex(hex), expected.begin() + static_cast<long>(at));
        };
        put(12, at_home ? "746d" : "736d");
        put(14, "8877665544332211");
        put(24, "a6a5");
        put(28, "a4a3");
        put(30, "a2a1");
        put(45, "04030201");
        EXPECT_EQ(as_text(bytes), as_text(expected));
        EXPECT_EQ(decode_mailslot_write(bytes)->stamp, write.stamp);
    }
    write.stamp = Stamp{1, 1, 0, false, true};
    EXPECT_EQ(decode_mailslot_write(encode_mailslot_write(buffer, write))->stamp, write.stamp);
    EXPECT_EQ(load_u16be(&encode_mailslot_write(buffer, write)[12]), 0x756d);
    write.stamp->delivered_at_home = true;
    EXPECT_TRUE(encode_mailslot_write(buffer, write).empty());
    for (const Stamp none : {Stamp{0, 1, 0, false}, Stamp{1, 0, 0, false},
                             Stamp{1, kMaxStampSequence + 1, 0, false}}) {
        write.stamp = none;
        EXPECT_TRUE(encode_mailslot_write(buffer, write).empty());
    }
}

TEST(SmbMailslot, has_no_stamp_where_mark_origin_or_number_is_missing) {
    const auto decoded_with = [](std::initializer_list<std::pair<std::size_t, int>> changes) {
        auto bytes = worked();
        for (const auto& [at, value] : changes) bytes[at] = std::byte(value);
        return decode_mailslot_write(bytes).value().stamp.has_value();
    };
    EXPECT_TRUE(decoded_with({{12, 0x73}, {13, 0x6d}, {14, 1}, {24, 1}}));
    EXPECT_FALSE(decoded_with({{12, 0x76}, {13, 0x6d}, {14, 1}, {24, 1}}));
    EXPECT_FALSE(decoded_with({{12, 0x73}, {13, 0x6d}, {24, 1}}));
    EXPECT_FALSE(decoded_with({{12, 0x73}, {13, 0x6d}, {14, 1}}));
    EXPECT_FALSE(decoded_with({{14, 1}, {24, 1}}));
}

struct Row {
    const char* what;
    std::size_t at;
    const char* hex;   // replaces the bytes at `at`
    const char* step;  // null: accepted nonetheless
};

// Section 3.2.5 of MS-MAIL, and the fields that Samba was seen to check.
constexpr Row kRows[] = {
    {"another protocol", 0, "fe", "smb"},
    {"another command", 4, "26", "smb"},
    {"16 words", 32, "10", "words"},
    {"18 words", 32, "12", "words"},
    {"two setup words", 59, "02", "words"},
    {"opcode 2", 61, "02", "opcode"},
    {"opcode 257", 62, "01", "opcode"},
    {"another prefix", 69, "2f", "slot_name"},
    {"the prefix cut", 75, "00", "slot_name"},
    {"nothing behind the prefix", 79, "00", "slot_name"},
    {"a letter beyond ASCII", 80, "e9", "slot_name"},
    {"a control character", 80, "1f", "slot_name"},
    {"data in front of the name's zero", 57, "5300", "data"},
    {"data in the header", 57, "0000", "data"},
    {"data behind the end", 57, "5500", "data"},
    {"data far behind the end", 57, "ffff", "data"},
    {"too many bytes", 55, "0600", "data"},
    {"65535 bytes", 55, "ffff", "data"},
    {"no data, wherever it is", 55, "0000 ffff", nullptr},
    {"fewer bytes than there are", 55, "0400", nullptr},
    {"the prefix in other letters", 70, "6d61696c736c6f74", nullptr},
    {"an error status", 5, "ffffffff", nullptr},
    {"flags of all kinds", 9, "ffffff", nullptr},
    {"other IDs", 24, "123456789abcdef0", nullptr},
    {"a reserved word", 22, "ffff", nullptr},
    {"other counts in front", 33, "ffffffffffffffffffffffffffffffffffffffffffff", nullptr},
    {"priority 9", 63, "0900", nullptr},
    {"class 1", 65, "0100", nullptr},
    {"no bytes, as it says", 67, "0000", nullptr},
    {"65535 bytes, as it says", 67, "ffff", nullptr},
};

TEST(SmbMailslot, is_refused_where_a_rule_is_broken_and_taken_otherwise) {
    for (const Row& row : kRows) {
        SCOPED_TRACE(row.what);
        auto bytes = worked();
        std::ranges::copy(from_hex(row.hex), bytes.begin() + static_cast<long>(row.at));
        const auto write = decode_mailslot_write(bytes);
        ASSERT_EQ(write.has_value(), row.step == nullptr);
        if (row.step == nullptr) continue;
        EXPECT_EQ(write.error().code, Errc::bad_packet);
        EXPECT_STREQ(write.error().step, row.step);
    }
}

TEST(SmbMailslot, is_refused_at_every_length_that_cuts_it) {
    const auto bytes = worked();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(decode_mailslot_write(std::span(bytes).first(size))) << size;
    }
}

TEST(SmbMailslot, takes_any_padding_and_what_stands_behind) {
    const auto bytes = from_hex(
        "ff534d42 25 00000000 00 0000 0000 0000000000000000 0000 0000 0000 0000 0000"
        "11 0000 0200 0000 0000 00 00 0000 e8030000 0000 0000 0000 0200 5a00 03 00"
        "0100 0100 0200 0000"
        "5c4d61696c536c6f745c412042 00 ffffffff ffffff 6869 beef");
    const auto write = decode_mailslot_write(bytes).value();
    EXPECT_EQ(write.slot, "A B");
    EXPECT_EQ(as_text(write.data), "hi");
    EXPECT_EQ(write.priority, 1);
}

// MS-MAIL section 6, note 2.
TEST(SmbMailslot, takes_as_much_as_windows_does_and_not_a_byte_more) {
    const std::pair<std::string_view, std::size_t> limits[] = {{"A", 428},
                                                               {"ABCD", 428},
                                                               {"ABCDE", 424},
                                                               {"ABCDEFGH", 424},
                                                               {"ABCDEFGHI", 420},
                                                               {"ABCDEFGHIJKL", 420},
                                                               {"ABCDEFGHIJKLM", 416},
                                                               {"ABCDEFGHIJKLMNOP", 416}};
    std::array<std::byte, 2 * kMaxSmbBytes> buffer;
    const std::string text(1000, 'x');
    for (const auto& [slot, most] : limits) {
        SCOPED_TRACE(slot);
        EXPECT_EQ(max_classic_message_bytes(slot), most);
        const Bytes largest =
            encode_mailslot_write(buffer, write_to(slot, std::string_view(text).substr(0, most)));
        EXPECT_EQ(largest.size(), kMaxSmbBytes);
        EXPECT_EQ(decode_mailslot_write(largest)->data.size(), most);
        EXPECT_TRUE(encode_mailslot_write(
                        buffer, write_to(slot, std::string_view(text).substr(0, most + 1)))
                        .empty());
    }
    EXPECT_EQ(max_classic_message_bytes(std::string(432, 'N')), 0u);
    EXPECT_EQ(max_classic_message_bytes(std::string(1000, 'N')), 0u);
    EXPECT_TRUE(encode_mailslot_write(buffer, write_to(std::string(500, 'N'), "")).empty());
}

TEST(SmbMailslot, refuses_slots_that_the_wire_cannot_name) {
    std::array<std::byte, kMaxSmbBytes> buffer;
    for (const char* const slot : {"", "\xc3\xa9t\xc3\xa9", "a\tb", "a\x7f"}) {
        EXPECT_FALSE(is_classic_slot(slot)) << slot;
        EXPECT_TRUE(encode_mailslot_write(buffer, write_to(slot, "x")).empty()) << slot;
    }
    EXPECT_TRUE(is_classic_slot("NET\\NETLOGON"));
    EXPECT_TRUE(
        encode_mailslot_write(std::span(buffer).first(80), write_to("TEST", "Hello")).empty());
}

}  // namespace
}  // namespace mailslot::wire
