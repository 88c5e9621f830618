// The classic Windows wire, if switched on: names, ports, and an nmbd beside us.

#include <algorithm>

#include "carrier/carrier.h"
#include "carrier/netbios/name_service.h"
#include "carrier/netbios/own_names.h"
#include "carrier/netbios/subnets.h"
#include "local/slot_folder.h"
#include "mailslot/doctor/finding.h"
#include "office/ask_office.h"
#include "office/station.h"
#include "wire/netbios_service.h"

namespace mailslot::cli::doctor {
namespace {

constexpr const char* kCheck = "classic wire";

// Limit of the wait for names: claims take most of a second.
constexpr std::chrono::milliseconds kClaimsTake = (kNameRetries + 1) * kNameRetryTime;
constexpr std::chrono::milliseconds kLookEvery{20};

struct Names {
    std::uint64_t ours = 0, refused = 0;
};

Names names_of_office(const Patient& patient) {
    Names names;
    const auto counters = office::ask_for_counters(local::SlotFolder(patient.settings.dir));
    if (!counters) return names;
    for (const wire::NamedCounter& counter : *counters) {
        if (counter.name == "netbios_names") names.ours = counter.value;
        if (counter.name == "netbios_names_refused") names.refused = counter.value;
    }
    return names;
}

// Waits until all names are decided, or the time for claims is over.
Names decided_names(const Patient& patient, std::size_t wanted) {
    Names names = names_of_office(patient);
    for (auto waited = kLookEvery; waited < kClaimsTake && names.ours + names.refused < wanted;
         waited += kLookEvery) {
        ::usleep(static_cast<useconds_t>(std::chrono::microseconds(kLookEvery).count()));
        names = names_of_office(patient);
    }
    return names;
}

// Returns the domains that have no name on the classic wire.
std::string domains_left_out(const Settings& settings) {
    std::string all;
    for (const std::string& domain : settings.domains) {
        if (wire::make_netbios_name(domain, wire::suffix::kWorkstation)) continue;
        (all += all.empty() ? "" : ", ") += domain;
    }
    return all;
}

bool is_beside_nmbd() {
    const auto users = os::users_of_udp_port(wire::kNetbiosNamePort);
    return std::ranges::count(users, "nmbd", &os::UdpPortUser::program) > 0;
}

}  // namespace

void check_classic(const Patient& patient, const Reader& reader, Findings& findings) {
    if (!patient.settings.netbios) return;
    const auto add = [&findings](Status status, const char* cause, std::string detail,
                                 std::string fix = {}) {
        findings.push_back({kCheck, status, cause, std::move(detail), std::move(fix)});
    };
    const auto own = own_names(patient.settings);
    if (!own) {
        return add(Status::failed, "bad_host_name", own.error().detail,
                   "in mailslot.toml: host = \"NAME\"    # at most 15 ASCII letters and digits");
    }
    const auto subnets = subnets_of(patient.interfaces, patient.settings);
    if (subnets.empty()) {
        return add(Status::failed, "no_subnet", "no interface that can broadcast on IPv4 is up",
                   "ip address");
    }
    if (const auto error = reader.network_error();
        error && error->reason != Reason::one_family && error->reason != Reason::other_network) {
        const bool is_permission = error->code == Errc::no_permission;
        return add(
            Status::failed, is_permission ? "no_permission" : "port_taken", to_string(*error),
            is_permission ? "sysctl net.ipv4.ip_unprivileged_port_start=137    # or give the "
                            "service mailslotd classic-wire.conf (docs/windows.md)"
                          : "ss -ulpn sport = 137 or sport = 138");
    }
    const Names names = decided_names(patient, own->all.size() * subnets.size());
    const std::string counted = wire::to_string(own->machine) +
                                " and others: " + std::to_string(names.ours) +
                                " names claimed on the network";
    if (names.refused > 0) {
        return add(
            Status::failed, "name_refused",
            std::to_string(names.refused) +
                " of this machine's NetBIOS names are refused, because another machine has them",
            "nmblookup " + std::string(own->machine.text()) +
                "    # shows the other machine; then choose another `host` in mailslot.toml");
    }
    if (const std::string domains = domains_left_out(patient.settings); !domains.empty()) {
        return add(Status::warning, "domain_left_out",
                   counted + "; but not the domains " + domains +
                       ": NetBIOS names have 1 to 15 ASCII letters and digits",
                   "in mailslot.toml of all machines: other names in `domains`");
    }
    const ClassicSettings& classic = patient.settings.classic;
    if ((classic.passes_in || classic.passes_out) && !patient.settings.udp) {
        return add(Status::warning, "gateway_alone",
                   counted + "; the gateway passes nothing on, because \"udp\" is off",
                   "in mailslot.toml: carriers = [\"udp\", \"netbios\"]");
    }
    if (is_beside_nmbd()) {
        return add(
            Status::warning, "beside_nmbd",
            counted +
                "; Samba's nmbd uses the same ports: broadcasts reach both, but messages to this "
                "machine's address reach nmbd first, which passes on only those to its own names",
            "docs/windows.md, \"On one machine with Samba\"");
    }
    add(Status::ok, "", counted);
}

}  // namespace mailslot::cli::doctor
