#include "model/ip_address.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mailslot {
namespace {

using Family = IpAddress::Family;

struct GoodCase {
    const char* what;
    std::string_view text;
    Family family;
    std::uint32_t scope_id;
    std::string_view printed;
};

constexpr GoodCase kGood[] = {
    {"IPv4", "10.0.0.7", Family::v4, 0, "10.0.0.7"},
    {"IPv4, the lowest", "0.0.0.0", Family::v4, 0, "0.0.0.0"},
    {"IPv4, the highest", "255.255.255.255", Family::v4, 0, "255.255.255.255"},
    {"IPv6 in full", "2001:0DB8:0:0:0:0:0:1", Family::v6, 0, "2001:db8::1"},
    {"IPv6 loopback", "::1", Family::v6, 0, "::1"},
    {"IPv6, nothing given", "::", Family::v6, 0, "::"},
    {"IPv6 in brackets", "[2001:db8::1]", Family::v6, 0, "2001:db8::1"},
    {"IPv6 with a tail of IPv4", "64:ff9b::10.0.0.7", Family::v6, 0, "64:ff9b::a00:7"},
    {"IPv4 mapped into IPv6 is IPv4", "::ffff:10.0.0.7", Family::v4, 0, "10.0.0.7"},
    {"the same in hex and brackets", "[::FFFF:0a00:0007]", Family::v4, 0, "10.0.0.7"},
    {"link-local", "fe80::1", Family::v6, 0, "fe80::1"},
    {"link-local on an interface", "fe80::1%3", Family::v6, 3, "fe80::1%3"},
    {"link-local on an interface, in brackets", "[fe80::1%3]", Family::v6, 3, "fe80::1%3"},
    {"the last link-local block", "febf::1%4294967295", Family::v6, 4294967295,
     "febf::1%4294967295"},
    {"interface 0 is none", "fe80::1%0", Family::v6, 0, "fe80::1"},
    {"a group of one link", "ff02::6d73:6c74%2", Family::v6, 2, "ff02::6d73:6c74%2"},
    {"a literal for UNC paths", "2001-db8--1.ipv6-literal.net", Family::v6, 0, "2001:db8::1"},
    {"a literal with an interface", "fe80--1s3.ipv6-literal.net", Family::v6, 3, "fe80::1%3"},
    {"a literal in capitals", "FE80--1S3.IPV6-LITERAL.NET", Family::v6, 3, "fe80::1%3"},
};

TEST(IpAddress, is_parsed_and_printed) {
    for (const GoodCase& c : kGood) {
        SCOPED_TRACE(c.what);
        const auto address = parse_ip_address(c.text);
        ASSERT_TRUE(address.has_value());
        EXPECT_EQ(address->family, c.family);
        EXPECT_EQ(address->scope_id, c.scope_id);
        EXPECT_EQ(to_string(*address), c.printed);
    }
}

struct BadCase {
    const char* what;
    std::string_view text;
};

constexpr BadCase kBad[] = {
    {"nothing", ""},
    {"a host", "FILESRV"},
    {"three numbers", "10.0.7"},
    {"five numbers", "10.0.0.0.7"},
    {"a number above 255", "10.0.0.256"},
    {"a leading zero, which some read as octal", "010.0.0.7"},
    {"one number", "167772167"},
    {"a blank in front", " 10.0.0.7"},
    {"a blank behind", "10.0.0.7 "},
    {"a port", "10.0.0.7:80"},
    {"a port behind brackets", "[::1]:80"},
    {"IPv4 in brackets", "[10.0.0.7]"},
    {"brackets around nothing", "[]"},
    {"half a bracket", "[::1"},
    {"the other half", "::1]"},
    {"two gaps", "1::2::3"},
    {"nine groups", "1:2:3:4:5:6:7:8:9"},
    {"five digits", "::12345"},
    {"an interface by name, which only its machine can look up", "fe80::1%eth0"},
    {"no interface behind the sign", "fe80::1%"},
    {"a negative interface", "fe80::1%-1"},
    {"a signed interface", "fe80::1%+1"},
    {"an interface above 32 bits", "fe80::1%4294967296"},
    {"two interfaces", "fe80::1%3%4"},
    {"an interface for an address of the whole network", "2001:db8::1%3"},
    {"an interface for a group of the whole site", "ff05::1%3"},
    {"an interface for IPv4", "10.0.0.7%3"},
    {"an interface for mapped IPv4", "::ffff:10.0.0.7%3"},
    {"the literal's suffix alone", ".ipv6-literal.net"},
    {"a literal of no address", "printer.ipv6-literal.net"},
    {"a literal with colons", "fe80::1.ipv6-literal.net"},
    {"a literal in brackets", "[fe80--1s3.ipv6-literal.net]"},
    {"bytes behind a zero", {"10.0.0.7\0x", 10}},
    {"a zero in IPv6", {"::1\0", 4}},
};

TEST(IpAddress, refuses_everything_else) {
    for (const BadCase& c : kBad) {
        SCOPED_TRACE(c.what);
        EXPECT_FALSE(parse_ip_address(c.text).has_value());
    }
}

TEST(IpAddress, knows_loopback) {
    for (const char* text : {"127.0.0.1", "127.255.0.9", "::1", "[::1]", "::ffff:127.0.0.1"}) {
        EXPECT_TRUE(parse_ip_address(text)->is_loopback()) << text;
    }
    for (const char* text : {"10.0.0.7", "128.0.0.1", "::", "::2", "fe80::1"}) {
        EXPECT_FALSE(parse_ip_address(text)->is_loopback()) << text;
    }
    EXPECT_FALSE(IpAddress{}.is_loopback());
}

TEST(IpAddress, knows_link_local) {
    for (const char* text : {"169.254.0.1", "fe80::1", "febf:ffff::1"}) {
        EXPECT_TRUE(parse_ip_address(text)->is_link_local()) << text;
    }
    for (const char* text : {"169.253.0.1", "168.254.0.1", "fec0::1", "ff02::1", "::1"}) {
        EXPECT_FALSE(parse_ip_address(text)->is_link_local()) << text;
    }
    EXPECT_FALSE(IpAddress{}.is_link_local());
}

TEST(IpAddress, of_no_family_prints_as_nothing) { EXPECT_EQ(to_string(IpAddress{}), ""); }

RC_GTEST_PROP(IpAddress, of_version_4_comes_back_from_its_text,
              (std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d)) {
    const IpAddress address = IpAddress::v4(a, b, c, d);
    RC_ASSERT(parse_ip_address(to_string(address)) == address);
}

RC_GTEST_PROP(IpAddress, of_version_6_comes_back_from_its_text, ()) {
    IpAddress address{Family::v6};
    // Few values and many zeroes make the gaps and tails that are printed in special ways.
    for (auto& octet : address.octets)
        octet = *rc::gen::element<std::uint8_t>(0, 0, 0, 1, 0xFE, 0x80, 0xFF);
    if (address.is_link_local()) address.scope_id = *rc::gen::arbitrary<std::uint32_t>();
    const auto back = parse_ip_address(to_string(address));
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == address || back->family == Family::v4);  // v4: a mapped address
    RC_ASSERT(parse_ip_address('[' + to_string(address) + ']') == back);
}

}  // namespace
}  // namespace mailslot
