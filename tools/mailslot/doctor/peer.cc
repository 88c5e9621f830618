// The other machine: does it answer, does it have the slot, is it in the domain?
#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <system_error>
#include <vector>

#include "api/process.h"
#include "api/search.h"
#include "base/visible_text.h"
#include "carrier/udp/host_resolver.h"
#include "local/ask_reader.h"
#include "mailslot/doctor/finding.h"
#include "model/address.h"
#include "model/host_names.h"
#include "os/local_socket.h"
#include "os/user.h"
#include "trust/keys.h"
#include "wire/discovery.h"
#include "wire/frame.h"

namespace mailslot::cli::doctor {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatienceOfNames = 2s;
// The system asks three times, a second apart, before it reports that an address has no owner.
constexpr auto kPatienceOfLinks = 3500ms;
constexpr int kLateFactor = 3;  // times the patience, for machines that did not answer at once
// Beyond this, times of messages hardly tell which came first.
constexpr auto kClockTolerance = 5s;

// Searches for all slots at a place, or for a single slot.
Result<Search> search(const Address& address, Timeout timeout) {
    auto search = Search::create(address);
    if (!search) return search.error();
    if (auto asked = search->ask(); !asked) return asked.error();
    if (auto heard = search->collect({.timeout = timeout, .enough = 1}); !heard) {
        return heard.error();
    }
    return search;
}

// Returns whether the machine answers late: a busy machine answers when it gets the processor.
bool answers_late(Address peer, Timeout timeout) {
    peer.slot = {};
    const auto asked = search(peer, kLateFactor * timeout);
    return asked && !asked->found().machines.empty();
}

Address everywhere(const Address& address) {
    Address all = address;
    all.place = Place::everybody;
    return all;
}

std::string hosts_of(const Found& found) {
    std::string hosts;
    for (const mailslot::Machine& machine : found.machines) {
        (hosts += hosts.empty() ? "" : ", ") += cell_of(machine.host);
    }
    return hosts;
}

std::string slots_of(const Found& found) {
    constexpr std::size_t kMostNamed = 8;
    std::string slots;
    std::size_t count = 0;
    for (const mailslot::Machine& machine : found.machines) {
        for (const std::string& slot : machine.slots) {
            if (++count <= kMostNamed) (slots += slots.empty() ? "" : ", ") += cell_of(slot);
        }
    }
    return count > kMostNamed ? slots + ", ..." : slots;
}

// The known places of a host.
struct Whereabouts {
    std::optional<IpAddress> address{};  // destination of messages to the host
    std::vector<IpAddress> answers{};  // all addresses that the configuration or the resolver gives
};

Whereabouts whereabouts_of(const Patient& patient, const Address& peer) {
    if (peer.place == Place::ip) return {peer.ip, {}};
    const SystemClock clock;
    HostResolver resolver(patient.settings, clock);
    const auto host = resolver.resolve(peer.place_text, kPatienceOfNames);
    return {host ? std::optional(host->address) : std::nullopt, resolver.answers(peer.place_text)};
}

// Returns a query that needs no answer.
std::string some_frame(const Settings& settings) {
    std::array<std::byte, wire::kQueryBytes> payload;
    std::array<std::byte, kMaxDatagramBytes> buffer;
    Envelope query;
    query.kind = Kind::query;
    query.scope = Scope::direct;
    query.slot = "doctor";
    query.from_host = settings.host;
    query.payload = wire::encode_query(payload, {1, 9, 0});
    return std::string(as_text(wire::encode_single(buffer, query)));
}

Finding no_way_to(const std::string& host, const IpAddress& address) {
    return {"", Status::failed, "no_route", "there is no route to " + host,
            "ip route add " + to_string(address) + " dev INTERFACE"};
}

// Explains a host without a useful address, when no machine of that name answers to the group.
Finding unknown_address(const std::string& host, const std::vector<IpAddress>& answers) {
    const std::string look_it_up = "getent hosts " + host;
    if (answers.empty()) {
        return {"", Status::failed, "peer_unknown",
                "no host or domain of this name answers, and no resolver knows the name",
                look_it_up + "    # or in mailslot.toml: [peers]; " + host + " = \"ADDRESS\""};
    }
    const std::string address = to_string(answers.front());
    switch (os::use_of(answers.front())) {
        case os::AddressUse::no_route:
            return no_way_to(host + " at " + address, answers.front());
        case os::AddressUse::this_machine:
            return {"", Status::failed, "own_address",
                    "the name resolves to " + address +
                        ", an address of this machine, and no other machine of this name answers",
                    look_it_up + "    # then correct the hosts file, the name server or [peers]"};
        default:
            return {"", Status::failed, "bad_address",
                    "the name resolves to " + address +
                        ", which no machine can have, and no machine of this name answers",
                    look_it_up + "    # then correct the hosts file, the name server or [peers]"};
    }
}

// Finds a machine with the host's address that answers as soon as no name is asked for.
std::optional<Finding> wrong_name(const Address& peer, const IpAddress& address, Timeout timeout) {
    if (peer.place != Place::named) return std::nullopt;
    Address there = peer;
    there.place = Place::ip;
    there.ip = address;
    there.slot = {};
    const auto asked = search(there, timeout);
    if (!asked || asked->found().machines.empty()) return std::nullopt;
    const std::string& host = peer.place_text;
    const std::string other = asked->found().machines.front().host;
    // The name is right, the answer was late.
    if (host_key(other) == peer.place_key) return std::nullopt;
    return Finding{
        "", Status::failed, "wrong_name",
        "the name resolves to " + to_string(address) + ", but the machine there is called " + other,
        "in mailslot.toml of " + other + ": host_aliases = [\"" + host +
            "\"]; then restart its readers; or correct the address of " + host};
}

// Returns whether the firewall here lets answers in from the port that was asked.
bool follows_connections(const os::FilterRules& rules) {
    return rules.text.find("established") != std::string::npos ||
           rules.text.find("ESTABLISHED") != std::string::npos;
}

Finding silent(const Patient& patient, const std::string& host) {
    const auto block = patient.rules ? find_block(*patient.rules, "input", 0) : std::nullopt;
    if (block && !follows_connections(*patient.rules)) {
        return {"", Status::failed, "firewall_in",
                "the firewall here may drop the answers of " + host + ": " + block->rule,
                block->let_answers_in};
    }
    const auto& keys = patient.settings.keys;
    const std::string sealing =
        keys && !keys->default_domain().empty()
            ? ", or it lacks the key of " + keys->default_domain() + ", which sealed the question"
            : "";
    return {"", Status::failed, "peer_silent",
            "no answer: its firewall drops messages, it is beyond the link, or it is set not to "
            "answer (answer_queries = false)" +
                sealing,
            "mailslot doctor    # on " + host + ", which names the fault there"};
}

// Explains why a machine does not answer.
Finding why_silent(const Patient& patient, const Address& peer, const Search& asked,
                   Timeout timeout) {
    const std::string& host = peer.place_text;
    const auto [address, answers] = whereabouts_of(patient, peer);
    for (const std::string& other : asked.other_versions()) {
        if (address && other != to_string(*address)) continue;
        return {"", Status::failed, "other_version",
                other + " runs an incompatible version of mailslot",
                "mailslot --version    # on both; install the same version"};
    }
    if (!address) return unknown_address(host, answers);
    if (auto wrong = wrong_name(peer, *address, timeout)) return *wrong;
    const std::string frame = some_frame(patient.settings);
    const int os_code =
        os::probe_address({*address, patient.settings.port}, as_bytes(frame), kPatienceOfLinks);
    const std::string where = host + (peer.place == Place::ip ? "" : " at " + to_string(*address));
    const std::string why = std::generic_category().message(os_code);
    switch (os_code) {
        case 0:
            if (answers_late(peer, timeout)) {
                return {"", Status::warning, "peer_late", where + " answers, but slowly", ""};
            }
            return silent(patient, host);
        case ECONNREFUSED:
            return {"", Status::failed, "peer_not_listening",
                    where +
                        " is up, but has no reader, or its firewall rejects messages: UDP port " +
                        std::to_string(patient.settings.port) + " is closed",
                    "mailslot listen NAME    # on " + host + "; or set the same `port` on both"};
        case ENETUNREACH:
            return no_way_to(where, *address);
        case EPERM:
        case EACCES: {
            const auto block = patient.rules
                                   ? find_block(*patient.rules, "output", patient.settings.port)
                                   : std::nullopt;
            return {"", Status::failed, "firewall_out",
                    "the firewall here blocks sending" + (block ? ": " + block->rule : ""),
                    block ? block->fix : "nft list ruleset    # as root"};
        }
        default:
            return {"", Status::failed, "peer_unreachable",
                    where + " does not answer on the link (" + why + ')',
                    "ping " + to_string(*address) + "    # check its power and cable"};
    }
}

void check_clocks(const Search& asked, Findings& findings) {
    const auto difference = asked.largest_clock_difference();
    if (!difference || std::chrono::abs(difference->ahead) < kClockTolerance) return;
    findings.push_back({"clocks", Status::warning, "clocks_differ",
                        difference->host + "'s clock is " +
                            std::to_string(std::chrono::abs(difference->ahead).count()) + " ms " +
                            (difference->ahead < 0ms ? "behind" : "ahead"),
                        "timedatectl set-ntp true    # on both"});
}

// Returns whether a stranger's name is only a name to a shell, because people paste commands.
bool is_plain(std::string_view host) {
    return !host.empty() && std::ranges::all_of(host, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               c == '-' || c == '.' || c == '_';
    });
}

// Returns the classic wire's finding if a machine answers there, or if our own carrier is off.
Finding classic_or(const Patient& patient, const Address& peer, Finding why) {
    auto classic = find_on_classic_wire(patient, peer);
    if (!classic || (patient.settings.udp && classic->status != Status::ok)) return why;
    return *std::move(classic);
}

// Returns a text like "user ann (process 4711)".
std::string reader_of(const std::string& key) {
    const auto process = Process::current();
    if (!process) return "another user";
    for (const local::SlotFolder& folder : (*process)->folders()) {
        const auto entry = folder.find(key);
        if (!entry) continue;
        const auto connection = local::ReaderConnection::to(*entry, false);
        if (!connection) continue;
        const os::PeerIdentity reader = os::peer_identity(connection->fd());
        return "user " + os::name_of_user(reader.uid) + " (process " + std::to_string(reader.pid) +
               ')';
    }
    return "another user";
}

// Explains why NAME alone reaches no reader on this machine.
Finding why_nobody_here(const Address& address, const Found& others) {
    const std::string& name = address.slot.text;
    const auto slot = info(name);
    if (slot) return {"", Status::ok, "", "process " + std::to_string(slot->reader_pid), ""};
    if (slot.error().code == Errc::no_permission) {
        return {"", Status::failed, "no_permission",
                name + " of " + reader_of(address.slot.key) +
                    " is for its owner only; messages to all machines ('*') reach it as messages "
                    "from other machines do",
                "mailslot listen " + name + " --access everybody    # by that user; or group"};
    }
    if (slot.error().code != Errc::no_such_slot) {
        return {"", Status::failed, std::string(to_string(slot.error().code)),
                to_string(slot.error()), "mailslot listen " + name + " --access everybody"};
    }
    if (others.machines.empty()) {
        return {"", Status::failed, "no_such_slot",
                "no machine that answers has a reader of " + name, "mailslot listen " + name};
    }
    const mailslot::Machine& first = others.machines.front();
    if (first.address.empty()) {
        return {"", Status::warning, "other_folder",
                "another user of this machine, or a process with another MAILSLOT_DIR, has a "
                "reader of " +
                    name + ": the name alone does not reach it",
                "mailslot put '//*/mailslot/" + name + "' MESSAGE"};
    }
    return {"", Status::warning, "other_machine",
            hosts_of(others) + " has a reader of " + name +
                ": the name alone means this machine, which has no reader",
            is_plain(first.host) ? "mailslot put //" + first.host + "/mailslot/" + name + " MESSAGE"
                                 : "mailslot who " + name};
}

// Explains why there is no reader of the slot at `address`.
Finding why_nobody_reads(const Patient& patient, const Address& address, Timeout timeout) {
    const std::string& name = address.slot.text;
    const auto elsewhere = search(everywhere(address), timeout);
    if (!elsewhere) return {"", Status::failed, "error", to_string(elsewhere.error()), ""};
    const std::string hosts = hosts_of(elsewhere->found());
    Address place = address;
    place.slot = {};
    const auto there = search(place, timeout);
    if (!there) return {"", Status::failed, "error", to_string(there.error()), ""};
    const Found found = there->found();
    if (!found.machines.empty()) {
        return {"", Status::failed, "no_such_slot",
                hosts_of(found) + " answers, but has no reader of " + name +
                    "; its slots: " + slots_of(found),
                "mailslot listen " + name + "    # on " + cell_of(found.machines[0].host)};
    }
    if (address.place == Place::everybody) {
        return {"", Status::failed, "no_such_slot",
                "no machine that answers has a reader of " + name,
                "mailslot listen " + name + "    # on the machine that should receive"};
    }
    if (!hosts.empty() && address.place == Place::named &&
        !whereabouts_of(patient, address).address) {
        return {"", Status::failed, "wrong_domain",
                hosts + " has a reader of " + name + ", but is neither called " +
                    address.place_text + " nor in a domain of that name",
                "in mailslot.toml of " + hosts + ": domains = [\"" + address.place_text +
                    "\"]; then restart the reader"};
    }
    return why_silent(patient, address, *there, timeout);
}

}  // namespace

void check_peer(const Patient& patient, const std::string& host, Timeout timeout,
                Findings& findings) {
    Finding finding{"peer " + host};
    auto address = parse_address("\\\\" + host + "\\mailslot\\x");
    if (!address || address->place == Place::here || address->place == Place::everybody) {
        findings.push_back({finding.check, Status::failed, "bad_name", "is not the name of a host",
                            "mailslot doctor --peer HOST"});
        return;
    }
    address->slot = {};
    const auto asked = search(*address, timeout);
    if (!asked) {
        findings.push_back({finding.check, Status::failed,
                            std::string(to_string(asked.error().code)), to_string(asked.error()),
                            ""});
        return;
    }
    const Found found = asked->found();
    if (found.machines.empty()) {
        Finding why =
            patient.settings.udp ? why_silent(patient, *address, *asked, timeout) : Finding{};
        why = classic_or(patient, *address, std::move(why));
        why.check = finding.check;
        findings.push_back(why);
        return;
    }
    const mailslot::Machine& machine = found.machines[0];
    finding.detail =
        machine.host +
        (machine.address.empty() ? " is this machine" : " answers at " + machine.address) +
        "; its slots: " + slots_of(found);
    findings.push_back(finding);
    check_clocks(*asked, findings);
    const bool may_measure = patient.settings.udp && patient.settings.send_rate_unheard_bytes != 0;
    if (may_measure && !machine.address.empty()) check_path(host, machine.address, findings);
}

void check_address(const Patient& patient, const std::string& text, Timeout timeout,
                   Findings& findings) {
    Finding finding{"address " + text};
    const auto address = parse_address(text);
    if (!address) {
        findings.push_back({finding.check, Status::failed,
                            std::string(to_string(address.error().code)),
                            to_string(address.error()), ""});
        return;
    }
    const bool is_here = address->place == Place::here;
    if (is_here && info(address->slot.text)) {
        finding.detail = patient.settings.host + " has a reader";
        findings.push_back(finding);
        return;
    }
    const auto asked = search(*address, timeout);
    if (asked && is_here) {
        Finding why = why_nobody_here(*address, asked->found());
        why.check = finding.check;
        findings.push_back(why);
        return;
    }
    if (asked && !asked->found().machines.empty()) {
        finding.detail = hosts_of(asked->found()) + " has a reader";
        findings.push_back(finding);
        check_clocks(*asked, findings);
        return;
    }
    Finding why;
    if (!asked) {
        why = {"", Status::failed, std::string(to_string(asked.error().code)),
               to_string(asked.error()), ""};
    } else {
        if (patient.settings.udp) why = why_nobody_reads(patient, *address, timeout);
        why = classic_or(patient, *address, std::move(why));
    }
    why.check = finding.check;
    findings.push_back(why);
}

}  // namespace mailslot::cli::doctor
