// Interfaces: is any up, with an address, and able to multicast?
#include <algorithm>

#include "carrier/udp/udp_group.h"
#include "mailslot/doctor/finding.h"

namespace mailslot::cli::doctor {
namespace {

bool has_address(const os::Interface& interface) {
    return !interface.ipv4.empty() || !interface.ipv6.empty();
}

// Returns the fault of the most promising interface.
Finding what_is_missing(const Patient& patient) {
    Finding finding{"interfaces", Status::failed, "no_interface",
                    "there is no interface except the loopback",
                    "ip link    # a network card, or its driver, is missing"};
    for (const os::Interface& interface : patient.interfaces) {
        if (interface.loopback) continue;
        if (!interface.up) {
            finding.detail = interface.name + " is switched off";
            finding.fix = "ip link set " + interface.name + " up";
        } else if (!interface.running) {
            finding.detail = interface.name + " has no link: check cable, switch or Wi-Fi";
            finding.fix = "ip link show " + interface.name + "    # plug it in";
            return finding;
        } else {
            finding.cause = "no_address";
            finding.detail = interface.name + " has no address";
            finding.fix = "ip address add ADDRESS/24 dev " + interface.name;
            return finding;
        }
    }
    return finding;
}

bool is_ready(const os::Interface& interface) {
    return !interface.loopback && interface.up && interface.running && has_address(interface);
}

}  // namespace

std::string family_name(IpAddress::Family family) {
    return family == IpAddress::Family::v4 ? "ipv4" : "ipv6";
}

std::string static_peers() {
    return "in mailslot.toml: unicast_peers = true; [peers]; NAME = \"ADDRESS\"";
}

void check_interfaces(const Patient& patient, Findings& findings) {
    if (std::ranges::none_of(patient.interfaces, is_ready)) {
        findings.push_back(what_is_missing(patient));
        return;
    }
    const auto links = sending_links(patient.interfaces, patient.settings);
    const auto is_used = [&](const os::Interface& interface) {
        return std::ranges::count(links, interface.index, &Link::interface_index) > 0;
    };
    const bool any_is_used = std::ranges::any_of(
        patient.interfaces, [&](const auto& i) { return !i.loopback && is_used(i); });
    for (const os::Interface& interface : patient.interfaces) {
        if (!is_ready(interface)) continue;
        const std::string check = "interface " + interface.name;
        if (is_used(interface)) {
            findings.push_back({check, Status::ok, "", "is up and can multicast", ""});
        } else if (!interface.multicast) {
            findings.push_back({check, any_is_used ? Status::warning : Status::failed,
                                "no_multicast_flag",
                                "has multicast switched off: messages to everybody or a domain do "
                                "not use this interface",
                                "ip link set " + interface.name +
                                    " multicast on    # or, if the interface cannot multicast, " +
                                    static_peers()});
        } else {
            findings.push_back({check, Status::skipped, "", "is excluded by the settings", ""});
        }
    }
    if (!any_is_used && !patient.settings.interfaces.empty()) {
        findings.push_back({"interfaces", Status::failed, "no_interface",
                            "no interface of the setting `interfaces` is ready",
                            "ip -brief address    # then correct `interfaces` in mailslot.toml"});
    }
}

}  // namespace mailslot::cli::doctor
