#include "wire/netbios_name.h"

#include <gtest/gtest.h>

#include <string>

#include "wire/testing/hex.h"

namespace mailslot::wire {
namespace {

// PROBE, suffix 00.
const std::string kProbe = "20 4641464345504543454643414341434143414341434143414341434143414141";

TEST(NetbiosName, is_the_worked_name_in_both_directions) {
    const auto bytes =
        from_hex("20 454d454a454f464646494543455046494341434143414341434143414341414100");
    std::size_t at = 0;
    const auto name = decode_name(bytes, at, Pointers::refused).value();
    EXPECT_EQ(at, bytes.size());
    EXPECT_EQ(name.name, make_netbios_name("linuxbox", 0).value());
    EXPECT_EQ(name.scope, "");
    std::array<std::byte, kMaxEncodedNameBytes> buffer;
    ByteWriter out(buffer);
    encode_name(out, name.name);
    EXPECT_EQ(as_text(out.written()), as_text(bytes));
}

TEST(NetbiosName, of_text_is_upper_case_padded_and_has_a_suffix) {
    EXPECT_EQ(to_string(parse_netbios_name("msgroup#1d").value()), "MSGROUP#1D");
    EXPECT_EQ(to_string(parse_netbios_name("a").value()), "A#00");
    EXPECT_EQ(parse_netbios_name("msgroup#1D")->suffix(), 0x1d);
    EXPECT_EQ(parse_netbios_name("FIFTEEN-LETTERS")->text(), "FIFTEEN-LETTERS");
    EXPECT_EQ(std::string(parse_netbios_name("AB")->bytes.data(), 16),
              std::string("AB             \0", 16));
    EXPECT_EQ(wildcard_name().text(), "*");
    EXPECT_TRUE(wildcard_name().is_wildcard());
}

TEST(NetbiosName, is_refused_where_no_machine_can_have_it) {
    for (const char* const text :
         {"", "SIXTEEN-LETTERS!", "Ümlaut", "A B", "*", "A*", "A\\B", "A/B", "A:B", "A#", "A#1",
          "A#1DD", "A#XY", "#1D", "A\x01", "\x7f"}) {
        EXPECT_FALSE(parse_netbios_name(text)) << text;
    }
}

TEST(NetbiosName, compares_without_regard_to_case_but_for_the_suffix) {
    NetbiosName lower = make_netbios_name("PROBE", 'a').value();
    lower.bytes[0] = 'p';
    EXPECT_TRUE(is_same_name(lower, make_netbios_name("PROBE", 'a').value()));
    EXPECT_FALSE(is_same_name(lower, make_netbios_name("PROBE", 'A').value()));
    EXPECT_FALSE(is_same_name(lower, make_netbios_name("PROBES", 'a').value()));
}

TEST(NetbiosName, has_a_scope_of_labels) {
    const auto bytes = from_hex(kProbe + " 07 4558414d504c45 03 434f4d 00");
    std::size_t at = 0;
    const auto name = decode_name(bytes, at, Pointers::refused).value();
    EXPECT_EQ(name.scope, "EXAMPLE.COM");
    EXPECT_EQ(at, bytes.size());
    std::array<std::byte, kMaxEncodedNameBytes> buffer;
    ByteWriter out(buffer);
    encode_name(out, name.name, name.scope);
    EXPECT_EQ(as_text(out.written()), as_text(bytes));
    EXPECT_EQ(encoded_name_bytes(name.scope), bytes.size());
    for (const char* const scope : {".", "A.", ".A", "A..B"}) {
        EXPECT_EQ(encoded_name_bytes(scope), 0u) << scope;
    }
    EXPECT_EQ(encoded_name_bytes(std::string(64, 'a')), 0u);
}

TEST(NetbiosName, follows_a_pointer_to_what_stands_in_front) {
    const auto bytes = from_hex(kProbe + " 03 434f4d 00 c000 beef");
    std::size_t at = bytes.size() - 4;
    const auto name = decode_name(bytes, at, Pointers::followed).value();
    EXPECT_EQ(name.name.text(), "PROBE");
    EXPECT_EQ(name.scope, "COM");
    EXPECT_EQ(at, bytes.size() - 2);
}

struct Bad {
    const char* what;
    std::string hex;
    std::size_t at = 0;
    Pointers pointers = Pointers::followed;
};

TEST(NetbiosName, is_refused_where_it_is_damaged) {
    std::string long_scope = kProbe;
    for (int i = 0; i < 4; ++i) {
        long_scope += " 37";
        for (int k = 0; k < 0x37; ++k) long_scope += "41";
    }
    const Bad rows[] = {
        {"nothing", ""},
        {"begins behind the end", "00", 7},
        {"no label", "00"},
        {"letters are cut", "20 4641"},
        {"no end", kProbe},
        {"a first label of 31",
         "1f 46414643455045434546434143414341434143414341434143414341434143 00"},
        {"a letter behind P",
         "20 5141464345504543454643414341434143414341434143414341434143414141 00"},
        {"a letter before A",
         "20 4041464345504543454643414341434143414341434143414341434143414141 00"},
        {"a scope label is cut", kProbe + " 05 4142"},
        {"a scope label with a dot", kProbe + " 03 412e42 00"},
        {"a scope label with a zero", kProbe + " 03 410042 00"},
        {"a length byte of bits 01", kProbe + " 40 00"},
        {"a length byte of bits 10", kProbe + " 80 00"},
        {"over 255 bytes", long_scope + " 00"},
        {"half a pointer", "c0"},
        {"a pointer to itself", "c000"},
        {"a pointer to what follows", "c002 " + kProbe + " 00"},
        {"a pointer to a pointer", kProbe + " 00 c000 c022", 36},
        {"a pointer where none may be", kProbe + " 00 c000", 34, Pointers::refused},
        {"labels that lead back to their pointer", kProbe + " c000"},
    };
    for (const Bad& row : rows) {
        SCOPED_TRACE(row.what);
        const auto bytes = from_hex(row.hex);
        std::size_t at = row.at;
        const auto name = decode_name(bytes, at, row.pointers);
        ASSERT_FALSE(name);
        EXPECT_EQ(name.error().code, Errc::bad_packet);
        EXPECT_STREQ(name.error().step, "name");
        EXPECT_EQ(at, row.at);
    }
}

}  // namespace
}  // namespace mailslot::wire
