#include "os/look_up_host.h"

#include <gtest/gtest.h>

namespace mailslot::os {
namespace {

constexpr std::string_view kHosts =
    "127.0.0.1\tlocalhost\n"
    "# 10.0.0.9 alpha\n"
    "10.0.0.1 alpha.example.com alpha ALIAS # beta\r\n"
    "no-address alpha\n"
    "\n"
    "fd00::1   alpha\n"
    "10.0.0.2\n"
    "10.0.0.4 1234 10.1\n"
    "::ffff:10.0.0.5 mapped\n"
    "10.0.0.6 last";

struct Case {
    const char* what;
    const char* host;
    std::vector<std::string> addresses;
    const char* canonical_name;
};

const Case kCases[] = {
    {"on two lines, by both families", "alpha", {"10.0.0.1", "fd00::1"}, "alpha.example.com"},
    {"the first name of its line", "alpha.example.com", {"10.0.0.1"}, "alpha.example.com"},
    {"in other letters, with a dot", "alias.", {"10.0.0.1"}, "alpha.example.com"},
    {"in a comment", "beta", {}, ""},
    {"a number", "1234", {"10.0.0.4"}, "1234"},
    {"two numbers", "10.1", {"10.0.0.4"}, "1234"},
    {"an IPv4 address in an IPv6 one", "mapped", {"10.0.0.5"}, "mapped"},
    {"on a line without an end", "last", {"10.0.0.6"}, "last"},
    {"the beginning of a name", "alp", {}, ""},
    {"an address", "10.0.0.1", {}, ""},
    {"nothing", "", {}, ""},
};

TEST(FindInHosts, knows_every_name_of_a_line) {
    for (const Case& c : kCases) {
        SCOPED_TRACE(c.what);
        const HostAnswer answer = find_in_hosts(kHosts, c.host);
        std::vector<std::string> addresses;
        for (const IpAddress& address : answer.addresses) addresses.push_back(to_string(address));
        EXPECT_EQ(addresses, c.addresses);
        EXPECT_EQ(answer.canonical_name, c.canonical_name);
    }
}

TEST(FindInHosts, finds_nothing_in_nothing) {
    EXPECT_TRUE(find_in_hosts("", "alpha").addresses.empty());
    EXPECT_TRUE(find_in_hosts("\n\n", "alpha").addresses.empty());
}

TEST(UseOf, knows_addresses_of_no_machine) {
    for (const char* text :
         {"0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.71.38", "255.255.255.255", "::", "ff02::1"}) {
        EXPECT_EQ(use_of(*parse_ip_address(text)), AddressUse::no_host) << text;
    }
}

TEST(UseOf, takes_the_loopback_for_this_machine) {
    for (const char* text : {"127.0.0.1", "127.0.1.1", "::1"}) {
        EXPECT_EQ(use_of(*parse_ip_address(text)), AddressUse::this_machine) << text;
    }
}

}  // namespace
}  // namespace mailslot::os
