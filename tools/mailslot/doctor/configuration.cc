// Settings of this machine, and its clock.
#include <algorithm>
#include <cstdlib>

#include "mailslot/doctor/finding.h"

namespace mailslot::cli::doctor {

void check_configuration(const Patient& patient, Findings& findings) {
    const Settings& settings = patient.settings;
    std::string detail = "host " + settings.host;
    for (const std::string& name : settings.host_aliases) detail += ", also " + name;
    if (!settings.full_host.empty()) detail += ", in full " + settings.full_host;
    detail += ", port " + std::to_string(settings.port) + ", domains ";
    for (const std::string& domain : settings.domains) {
        detail += (&domain == settings.domains.data() ? "" : ", ") + domain;
    }
    if (settings.domains.empty()) detail += "none";
    detail += ", slots in " + settings.dir;
    for (const std::string& name : settings.interfaces) {
        if (std::ranges::count(patient.interfaces, name, &os::Interface::name) > 0) continue;
        findings.push_back({"configuration", Status::failed, "unknown_interface",
                            "`interfaces` names " + name + ", but there is no such interface",
                            "ip -brief link    # then correct `interfaces` in mailslot.toml"});
        return;
    }
    if (settings.hop_limit == 0) {
        findings.push_back(
            {"configuration", Status::warning, "hop_limit_0",
             "hop_limit is 0: messages to everybody or a domain stay on this machine",
             "in mailslot.toml: hop_limit = 1"});
        return;
    }
    if (settings.host == "localhost") {
        findings.push_back({"configuration", Status::warning, "no_host_name",
                            detail + "; other machines cannot recognize this machine",
                            "hostnamectl set-hostname NAME"});
        return;
    }
    findings.push_back({"configuration", Status::ok, "", detail, ""});
}

void check_clock(Findings& findings) {
    const auto kept = os::clock_is_kept();
    if (!kept) {
        findings.push_back({"clock", Status::skipped, "",
                            "the system does not tell whether the clock is synchronized", ""});
    } else if (*kept) {
        findings.push_back({"clock", Status::ok, "", "is synchronized", ""});
    } else {
        findings.push_back({"clock", Status::warning, "clock_not_kept",
                            "is not synchronized: times of messages may be wrong",
                            "timedatectl set-ntp true"});
    }
}

}  // namespace mailslot::cli::doctor
