// Searches the packet filter's rules for a rule that stops datagrams to our port.
#include <charconv>
#include <sstream>
#include <string_view>

#include "mailslot/doctor/finding.h"

namespace mailslot::cli::doctor {
namespace {

std::string trimmed(const std::string& line) {
    const auto begin = line.find_first_not_of(" \t");
    if (begin == line.npos) return {};
    return line.substr(begin, line.find_last_not_of(" \t") - begin + 1);
}

bool stops(const std::string& rule) {
    const bool drops = rule.ends_with(" drop") || rule.find(" drop ") != rule.npos ||
                       rule == "drop" || rule.starts_with("drop ");
    return drops || rule.find("reject") != rule.npos;
}

// Returns whether `ports` of a rule, "53" or "17000-18000", has ours. A text that is harder to read
// may have it.
bool has_port(const std::string& ports, std::uint16_t port) {
    const char* const end = ports.data() + ports.size();
    unsigned first = 0, last = 0;
    const auto from = std::from_chars(ports.data(), end, first);
    if (from.ec != std::errc()) return true;
    if (from.ptr == end) return first == port;
    if (*from.ptr != '-' && *from.ptr != ':') return true;
    const auto to = std::from_chars(from.ptr + 1, end, last);
    return to.ec != std::errc() || (first <= port && port <= last);
}

// Returns false for rules for another port or another protocol.
bool may_concern(const std::string& rule, std::uint16_t port) {
    const std::string matches = rule.substr(0, rule.find("reject"));
    if (matches.find("tcp ") != matches.npos || matches.find("icmp") != matches.npos) return false;
    constexpr std::string_view kPort = "dport ";
    const auto at = matches.find(kPort);
    if (at == matches.npos) return true;
    const auto begin = at + kPort.size();
    return has_port(matches.substr(begin, matches.find(' ', begin) - begin), port);
}

Block iptables_block(std::string rule, const std::string& program, const std::string& chain,
                     std::uint16_t port) {
    const std::string insert = program + " -I " + chain;
    return {std::move(rule), insert + " -p udp --dport " + std::to_string(port) + " -j ACCEPT",
            insert + " -m conntrack --ctstate ESTABLISHED -j ACCEPT"};
}

struct Place {
    std::string table, chain;  // "inet lab", "in"

    // Returns the command for iptables if the rule was made with that, for nft otherwise.
    Block block(std::string rule, const std::string& hook, std::uint16_t port) const {
        const std::string name = hook == "input" ? "INPUT" : "OUTPUT";
        if (chain == name && (table == "ip filter" || table == "ip6 filter")) {
            return iptables_block(std::move(rule), table == "ip filter" ? "iptables" : "ip6tables",
                                  name, port);
        }
        const std::string insert = "nft insert rule " + table + ' ' + chain;
        return {std::move(rule), insert + " udp dport " + std::to_string(port) + " accept",
                insert + " ct state established accept"};
    }
};

std::optional<Block> find_in_nft(const std::string& text, const std::string& hook,
                                 std::uint16_t port) {
    std::istringstream lines(text);
    Place place;
    bool is_hooked = false;
    for (std::string raw; std::getline(lines, raw);) {
        const std::string line = trimmed(raw);
        const bool opens = line.ends_with(" {");
        if (opens && line.starts_with("table ")) {
            place = {line.substr(6, line.size() - 8), ""};
            is_hooked = false;
        } else if (opens && line.starts_with("chain ")) {
            place.chain = line.substr(6, line.size() - 8);
            is_hooked = false;
        } else if (line.starts_with("type filter hook ")) {
            is_hooked = line.find(" hook " + hook + ' ') != line.npos;
            if (is_hooked && line.find("policy drop") != line.npos) {
                return place.block("chain " + place.chain + " of table " + place.table +
                                       " drops everything that no rule accepts",
                                   hook, port);
            }
        } else if (is_hooked && stops(line) && may_concern(line, port)) {
            return place.block(
                "rule `" + line + "` in chain " + place.chain + " of table " + place.table, hook,
                port);
        }
    }
    return std::nullopt;
}

std::optional<Block> find_in_iptables(const std::string& text, const std::string& hook,
                                      std::uint16_t port) {
    const std::string chain = hook == "input" ? "INPUT" : "OUTPUT";
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const bool is_policy = line == "-P " + chain + " DROP";
        const bool is_rule = line.starts_with("-A " + chain + ' ') &&
                             (line.ends_with("DROP") || line.find("REJECT") != line.npos) &&
                             may_concern(line, port);
        if (!is_policy && !is_rule) continue;
        return iptables_block("rule `" + line + '`', "iptables", chain, port);
    }
    return std::nullopt;
}

}  // namespace

std::optional<Block> find_block(const os::FilterRules& rules, const std::string& hook,
                                std::uint16_t port) {
    return rules.is_nft ? find_in_nft(rules.text, hook, port)
                        : find_in_iptables(rules.text, hook, port);
}

}  // namespace mailslot::cli::doctor
