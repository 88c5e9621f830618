// Sends a message to the group for a slot of our own, by each interface and family. Probes come
// back through the same packet filter and the same port as messages of other machines.
#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "carrier/carrier.h"
#include "carrier/udp/udp_group.h"
#include "mailslot/doctor/finding.h"
#include "model/fold.h"
#include "os/system_random.h"
#include "os/udp_socket.h"
#include "wire/frame.h"

namespace mailslot::cli::doctor {
namespace {

using namespace std::chrono_literals;
using Family = IpAddress::Family;

constexpr auto kPatience = 300ms;  // for probes, which stay on this machine
constexpr auto kLookAgain = 5ms;   // pause between looks whether a probe has left
constexpr int kTries = 2;

struct Probe {
    Link link;
    std::string interface;
    std::string text;  // text of the message
    std::uint64_t origin = 0;
    int os_code = 0;
    bool is_heard = false;
    std::optional<os::UdpSocket> socket{};
    bool is_stuck = false;  // still in the interface's queue
};

std::string interface_name(const Patient& patient, std::uint32_t index) {
    for (const os::Interface& interface : patient.interfaces) {
        if (interface.index == index) return interface.name;
    }
    return std::to_string(index);
}

std::vector<Probe> probes_for(const Patient& patient) {
    std::vector<Probe> probes;
    os::SystemRandom random;
    for (const Link& link : sending_links(patient.interfaces, patient.settings)) {
        Probe probe{link, interface_name(patient, link.interface_index), "", random.u64()};
        probe.text = probe.interface + ' ' + family_name(link.family);
        probes.push_back(std::move(probe));
    }
    return probes;
}

bool open(Probe& probe, const Settings& settings) {
    if (probe.socket) return true;
    auto socket = os::UdpSocket::open_for_sending(probe.link.family, settings.hop_limit);
    if (socket) probe.socket = std::move(*socket);
    if (!socket) probe.os_code = socket.error().os_code;
    return probe.socket.has_value();
}

void send(Probe& probe, const Settings& settings, std::string_view slot) {
    if (!open(probe, settings)) return;
    const std::string to = fold(settings.host).value_or(settings.host);
    Envelope header;
    header.scope = Scope::named;
    header.to = to;
    header.slot = slot;
    header.from_host = settings.host;
    header.origin = probe.origin;
    std::array<std::byte, kMaxDatagramBytes + wire::kMaxFrameOverhead> buffer;
    wire::FrameWriter writer(buffer, header);
    wire::FrameRecord record;
    record.sequence = 1;
    record.sent_at_us = SystemClock().unix_microseconds();
    record.format = Format::text;
    record.payload = as_bytes(probe.text);
    writer.add(record);
    const Bytes frame = writer.finish();
    const auto outcome =
        probe.socket->send({&frame, 1}, {group_address(probe.link.family), settings.port},
                           {probe.link.interface_index, probe.link.source});
    probe.os_code = outcome.os_code;
}

void hear(std::vector<Probe>& probes, Reader& reader) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    const auto is_open = [](const Probe& p) { return p.os_code == 0 && !p.is_heard; };
    while (std::ranges::any_of(probes, is_open)) {
        const auto left = std::chrono::ceil<Timeout>(deadline - std::chrono::steady_clock::now());
        const auto message = reader.get(std::max(left, Timeout{0}));
        if (!message) return;
        for (Probe& probe : probes) {
            if (probe.origin == message->origin()) probe.is_heard = true;
        }
    }
}

// A heard probe is a copy that this machine makes for itself, so the probe may still lie in the
// interface's queue.
void look_who_is_stuck(std::vector<Probe>& probes) {
    const auto is_in_queue = [](const Probe& p) {
        return p.socket && p.socket->unsent_bytes() > 0;
    };
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::ranges::any_of(probes, is_in_queue) &&
           std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(kLookAgain);
    }
    for (Probe& probe : probes) probe.is_stuck = is_in_queue(probe);
}

Finding stuck(const Probe& probe) {
    return {"", Status::failed, "slow_way",
            "datagrams stay in the queue of " + probe.interface +
                ": the link is stuck, or slower than this machine sends; messages on this way come "
                "late or are dropped, other ways are not affected",
            "tc -s qdisc show dev " + probe.interface +
                "    # shows the queue; `mailslot put -v` counts the drops of each way; "
                "`interfaces` in mailslot.toml can exclude this interface"};
}

// Returns the command that routes the group to this interface.
std::string route_to_group(const Probe& probe) {
    if (probe.link.family == Family::v4) {
        return "ip route replace 239.255.71.38 dev " + probe.interface;
    }
    return "ip -6 route add multicast ff00::/8 dev " + probe.interface + " table local";
}

Finding not_sent(const Patient& patient, const Probe& probe) {
    const std::string why = std::generic_category().message(probe.os_code);
    const auto block =
        patient.rules ? find_block(*patient.rules, "output", patient.settings.port) : std::nullopt;
    if (probe.os_code == EPERM || probe.os_code == EACCES) {
        return {
            "", Status::failed, "firewall_out",
            "the firewall here blocks sending (" + why + ")" + (block ? ": " + block->rule : ""),
            block ? block->fix : "nft list ruleset    # as root, shows which rule it is"};
    }
    return {"", Status::failed, "no_route", "there is no route to the group (" + why + ")",
            route_to_group(probe)};
}

// The system's limit is per socket. We open further sockets, up to a bound of our own.
Finding not_joined(const Probe& probe) {
    const std::string heard =
        "no program here receives from the group by " + probe.interface + ": ";
    if (probe.link.family == Family::v4) {
        return {"", Status::failed, "not_joined",
                heard +
                    "there are more interfaces than sockets may join "
                    "(net.ipv4.igmp_max_memberships each, 64 sockets)",
                "sysctl -w net.ipv4.igmp_max_memberships=200    # readers follow within seconds"};
    }
    return {"", Status::failed, "not_joined",
            heard + "the system lets no socket join, or has lost its membership",
            "sysctl -w net.core.optmem_max=131072    # readers follow within seconds"};
}

bool is_joined(const Link& link) {
    return os::is_joined(group_address(link.family), link.interface_index).value_or(true);
}

Finding not_heard(const Patient& patient, const Probe& probe) {
    if (!is_joined(probe.link)) return not_joined(probe);
    const auto block =
        patient.rules ? find_block(*patient.rules, "input", patient.settings.port) : std::nullopt;
    if (block) {
        return {"", Status::failed, "firewall_in",
                "the firewall here blocks receiving: " + block->rule, block->fix};
    }
    return {"", Status::failed, patient.rules ? "not_heard" : "firewall_in",
            patient.rules ? "the probe did not come back, and no rule of the firewall explains this"
                          : "the probe did not come back: the firewall seems to block receiving, "
                            "but this user may not read its rules",
            "mailslot doctor    # as root, to see the rules; or " + static_peers()};
}

}  // namespace

void check_probes(const Patient& patient, Reader& reader, bool has_port, Findings& findings) {
    std::vector<Probe> probes = probes_for(patient);
    const auto error = reader.network_error();
    const bool is_deaf_in_part = error && error->reason == Reason::one_family;
    const bool is_deaf = (error && !is_deaf_in_part) || !has_port;
    for (int i = 0; i < kTries; ++i) {
        for (Probe& probe : probes) {
            if (!probe.is_heard) send(probe, patient.settings, reader.name());
        }
        if (!is_deaf) hear(probes, reader);
    }
    look_who_is_stuck(probes);
    for (const Probe& probe : probes) {
        Finding finding{"", Status::ok, "", "the probe came back", ""};
        if (probe.os_code != 0) {
            finding = not_sent(patient, probe);
        } else if (probe.is_stuck) {
            finding = stuck(probe);
        } else if (is_deaf || (is_deaf_in_part && !probe.is_heard && !is_joined(probe.link))) {
            finding = {"", Status::skipped, "", "the probe was sent, but nothing receives here",
                       ""};
        } else if (!probe.is_heard) {
            finding = not_heard(patient, probe);
        }
        finding.check = "probe " + probe.text;
        findings.push_back(finding);
    }
}

}  // namespace mailslot::cli::doctor
