#include <gtest/gtest.h>

#include "mailslot/doctor/finding.h"

namespace mailslot::cli::doctor {
namespace {

constexpr std::uint16_t kPort = 17138;

std::string nft(const std::string& hook, const std::string& rules,
                const std::string& policy = "accept") {
    return "table inet filter {\n\tchain guard {\n\t\ttype filter hook " + hook +
           " priority filter; policy " + policy + ";\n\t\t" + rules + "\n\t}\n}\n";
}

TEST(Firewall, finds_what_is_in_the_way_and_what_lets_us_through) {
    const std::string fix = "nft insert rule inet filter guard udp dport 17138 accept";
    const struct {
        const char* what;
        bool is_nft;
        std::string rules;
        const char* hook;
        std::string fix;
    } rows[] = {
        {"no rules", true, "", "input", ""},
        {"a rule for our port", true, nft("input", "udp dport 17138 drop"), "input", fix},
        {"one with a counter", true, nft("input", "udp dport 17138 counter packets 1 bytes 2 drop"),
         "input", fix},
        {"a range of ports", true, nft("input", "udp dport 17000-18000 drop"), "input", fix},
        {"everything", true, nft("input", "drop"), "input", fix},
        {"a reject", true, nft("input", "reject with icmpx admin-prohibited"), "input", fix},
        {"the policy", true, nft("input", "tcp dport 22 accept", "drop"), "input", fix},
        {"another port", true, nft("input", "udp dport 53 drop"), "input", ""},
        {"another protocol", true, nft("input", "tcp dport 17138 drop"), "input", ""},
        {"another direction", true, nft("output", "udp dport 17138 drop"), "input", ""},
        {"that direction", true, nft("output", "udp dport 17138 drop"), "output", fix},
        {"a chain that nothing is hooked to", true, "table ip a {\n\tchain b {\n\t\tdrop\n\t}\n}\n",
         "input", ""},
        {"nft as iptables fills it", true,
         "table ip6 filter {\n\tchain INPUT {\n\t\ttype filter hook input priority filter; policy "
         "accept;\n\t\tudp dport 17138 counter packets 0 bytes 0 drop\n\t}\n}\n",
         "input", "ip6tables -I INPUT -p udp --dport 17138 -j ACCEPT"},
        {"iptables", false, "-P INPUT ACCEPT\n-A INPUT -p udp -m udp --dport 17138 -j DROP\n",
         "input", "iptables -I INPUT -p udp --dport 17138 -j ACCEPT"},
        {"iptables, the policy", false, "-P INPUT ACCEPT\n-P OUTPUT DROP\n", "output",
         "iptables -I OUTPUT -p udp --dport 17138 -j ACCEPT"},
        {"iptables, another protocol", false, "-P INPUT ACCEPT\n-A INPUT -p tcp -j DROP\n", "input",
         ""},
        {"iptables, another port", false, "-A INPUT -p udp -m udp --dport 53 -j DROP\n", "input",
         ""},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.what);
        const auto block = find_block({row.is_nft, row.rules}, row.hook, kPort);
        EXPECT_EQ(block ? block->fix : "", row.fix);
    }
}

}  // namespace
}  // namespace mailslot::cli::doctor
