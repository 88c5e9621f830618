#include "model/host_names.h"

#include <gtest/gtest.h>

namespace mailslot {
namespace {

struct Machine {
    std::string host{}, full_host{};
    std::vector<std::string> aliases{};
};

HostNames names_of(const Machine& machine) {
    Settings settings;
    settings.host = machine.host;
    settings.full_host = machine.full_host;
    settings.host_aliases = machine.aliases;
    return HostNames(settings);
}

struct Case {
    const char* what;
    Machine machine;
    std::string name;
    bool has, may_have;
};

const Machine kShort{"alpha"}, kFull{"alpha", "alpha.example.com"};
const Machine kAliased{"lp-7", "", {"printer", "www.example.com"}};

const Case kCases[] = {
    {"its own name", kShort, "alpha", true, true},
    {"in capitals", kShort, "ALPHA", true, true},
    {"with a dot at the end", kShort, "alpha.", true, true},
    {"as multicast DNS has it", kShort, "alpha.local", true, true},
    {"the same with a dot at the end", kShort, "Alpha.Local.", true, true},
    {"another one", kShort, "beta", false, false},
    {"a longer one", kShort, "alphabet", false, false},
    {"a shorter one", kShort, "alp", false, false},
    {"nothing", kShort, "", false, false},
    {"a full name, and its domain is not known", kShort, "alpha.example.com", false, true},
    {"another one's full name", kShort, "beta.example.com", false, false},
    {"a number behind it", kShort, "alpha.1", false, false},
    {"the first part of its full name", kFull, "alpha", true, true},
    {"its full name", kFull, "alpha.example.com", true, true},
    {"the same with a dot at the end", kFull, "alpha.example.com.", true, true},
    {"on the link", kFull, "alpha.local", true, true},
    {"that name in another domain", kFull, "alpha.example.org", false, false},
    {"a part of its full name", kFull, "alpha.example", false, false},
    {"its domain", kFull, "example.com", false, false},
    {"a domain that is none", Machine{"alpha", "alpha.localdomain"}, "alpha.example.com", false,
     true},
    {"a name that it is known by", kAliased, "PRINTER", true, true},
    {"the first part of such a one", kAliased, "www", true, true},
    {"such a one with any domain", kAliased, "printer.example.com", false, true},
    {"with another domain", kAliased, "www.example.org", false, false},
    {"a number with a dot", Machine{"10.1"}, "10.1", true, true},
    {"its first number", Machine{"10.1"}, "10", false, false},
};

TEST(HostNames, are_known_as_others_write_them) {
    for (const Case& c : kCases) {
        SCOPED_TRACE(std::string(c.what) + ": " + c.name);
        const HostNames names = names_of(c.machine);
        EXPECT_EQ(names.has(host_key(c.name)), c.has);
        EXPECT_EQ(names.may_have(host_key(c.name)), c.may_have);
    }
}

TEST(HostNames, of_a_machine_without_any_are_none) {
    EXPECT_FALSE(HostNames().has("ALPHA"));
    EXPECT_FALSE(HostNames().may_have(""));
}

TEST(HostKey, is_folded_and_has_no_dot_at_the_end) {
    EXPECT_EQ(host_key("été.example."), host_key("ÉTÉ.EXAMPLE"));
    EXPECT_EQ(host_key("a.."), "A.");
    EXPECT_EQ(host_key("."), ".");
}

TEST(IsLocalhost, knows_the_names_that_mean_the_machine_itself) {
    for (const char* name : {"localhost", "LOCALHOST.", "localhost.localdomain", "a.localhost"}) {
        EXPECT_TRUE(is_localhost(host_key(name))) << name;
    }
    for (const char* name : {"localhosts", "local", "localhost.example.com"}) {
        EXPECT_FALSE(is_localhost(host_key(name))) << name;
    }
}

}  // namespace
}  // namespace mailslot
