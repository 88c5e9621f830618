// Owners of the port, and datagrams dropped there for want of room.

#include <algorithm>
#include <set>
#include <string>

#include "carrier/carrier.h"
#include "mailslot/doctor/finding.h"
#include "mailslot/size_text.h"
#include "office/station.h"
#include "os/process.h"
#include "os/user.h"

namespace mailslot::cli::doctor {
namespace {

std::string name_of(const os::UdpPortUser& user) {
    if (user.pid == 0) return "a process of another user";
    return user.program + " (process " + std::to_string(user.pid) + ')';
}

// Warns of stopped processes, in case another process does their work or they are not the
// post office.
void warn_of_stopped(const std::vector<os::UdpPortUser>& users, Findings& findings) {
    std::vector<std::int64_t> told;
    for (const auto& user : users) {
        auto all_stopped = user.stopped_holders;
        if (user.is_stopped) all_stopped.push_back({user.pid, user.program});
        for (const auto& stopped : all_stopped) {
            if (std::ranges::count(told, stopped.pid) > 0) continue;
            told.push_back(stopped.pid);
            findings.push_back({"port", Status::warning, "reader_stopped",
                                stopped.program + " (process " + std::to_string(stopped.pid) +
                                    ") is stopped: messages for its slots wait there",
                                "kill -CONT " + std::to_string(stopped.pid)});
        }
    }
}

// Warns if programs of several users share the port. The kernel tells the user even of a process
// that this user may not inspect.
bool warn_of_other_users(const Patient& patient, const std::vector<os::UdpPortUser>& others,
                         bool is_office, Findings& findings) {
    std::set<std::uint64_t> users;
    if (is_office) users.insert(os::this_user());
    for (const auto& other : others) users.insert(other.uid);
    if (users.size() < 2) return false;
    std::string names;
    for (const std::uint64_t user : users) {
        names += (names.empty() ? "" : ", ") + std::to_string(user);
    }
    findings.push_back({"port", Status::failed, "port_of_several_users",
                        "UDP port " + std::to_string(patient.settings.port) +
                            " is shared by programs of several users (" + names +
                            "): a message to this machine's address reaches only one of them, "
                            "perhaps the wrong user's",
                        "ss -ulpne sport = " + std::to_string(patient.settings.port) +
                            "    # end the program that should not have the port; mailslotd shares "
                            "it with nobody"});
    return true;
}

// Returns false if the only process that could receive is stopped.
bool check_that_it_runs(const std::vector<os::UdpPortUser>& others, bool is_office,
                        const std::string& port, Findings& findings) {
    const bool another_runs = std::ranges::any_of(
        others, [](const auto& user) { return user.pid != 0 && !user.is_stopped; });
    for (const auto& user : others) {
        if (!user.is_stopped || is_office || another_runs) continue;
        findings.push_back({"port", Status::failed, "reader_stopped",
                            name_of(user) + " has " + port +
                                " for this machine and is stopped: nothing arrives here until "
                                "another reader takes over",
                            "kill -CONT " + std::to_string(user.pid)});
        return false;
    }
    warn_of_stopped(others, findings);
    return true;
}

}  // namespace

void check_port(const Patient& patient, const Reader& reader, Findings& findings) {
    const std::string port = "UDP port " + std::to_string(patient.settings.port);
    std::vector<os::UdpPortUser> others = os::users_of_udp_port(patient.settings.port);
    const auto is_own = [](const auto& user) { return user.pid == os::own_process(); };
    // If we have the port, we are this machine's post office at the moment, and other owners are
    // not ours.
    const bool is_office = std::erase_if(others, is_own) > 0;
    const auto error = reader.network_error();
    if (error && error->code == Errc::port_taken) {
        const bool is_known = !others.empty() && others[0].pid != 0;
        const std::string who = others.empty() ? "another program" : name_of(others[0]);
        findings.push_back(
            {"port", Status::failed, "port_taken", port + " is taken by " + who,
             (is_known ? "kill " + std::to_string(others[0].pid) + "    # or " : "") +
                 "set another `port` in mailslot.toml, on all machines"});
        return;
    }
    if (!check_that_it_runs(others, is_office, port, findings)) return;
    if (error && error->reason == Reason::other_network) {
        findings.push_back(
            {"port", Status::warning, "other_network", error->detail,
             "export MAILSLOT_DIR=/run/mailslot-of-this-container    # for all programs here"});
        return;
    }
    if (error && error->reason == Reason::one_family) {
        findings.push_back({"port", Status::warning, "family_forbidden", to_string(*error),
                            "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK    # "
                            "in that program's unit"});
        return;
    }
    if (error) {
        findings.push_back({"port", Status::failed, std::string(to_string(error->code)),
                            to_string(*error), "mailslot doctor    # as root, for more"});
        return;
    }
    if (warn_of_other_users(patient, others, is_office, findings)) return;
    // A program has at most a socket a family, except on machines with more than 20 interfaces.
    std::vector<std::int64_t> pids;
    for (const auto& user : others) {
        if (std::ranges::count(pids, user.pid) == 0) pids.push_back(user.pid);
    }
    if (pids.size() + (is_office ? 1 : 0) > 1) {
        findings.push_back(
            {"port", Status::warning, "port_shared",
             port + " is shared by " + std::to_string(pids.size() + (is_office ? 1 : 0)) +
                 " programs: a message to this machine's address reaches only one of them",
             "ss -ulpn sport = " + std::to_string(patient.settings.port)});
        return;
    }
    findings.push_back(
        {"port", Status::ok, "",
         port + (others.empty() ? " is free: no process receives for this machine at the moment"
                                : " is ours: " + name_of(others[0])),
         ""});
}

void check_buffers(const Patient& patient, Findings& findings) {
    std::uint64_t drops = 0;
    for (const auto& user : os::users_of_udp_port(patient.settings.port)) drops += user.drops;
    const std::uint64_t wanted = patient.settings.receive_buffer_bytes;
    const auto most = static_cast<std::uint64_t>(
        std::max<std::int64_t>(os::kernel_setting("net/core/rmem_max").value_or(0), 0));
    const std::uint64_t better = std::max<std::uint64_t>(2 * std::max(wanted, most), 16u << 20);
    const std::string fix = "sysctl -w net.core.rmem_max=" + std::to_string(better) +
                            "    # and receive_buffer = \"" + size_text(better) +
                            "\" in mailslot.toml; then restart the readers";
    if (drops > 0) {
        findings.push_back({"receive buffer", Status::failed, "receive_buffer",
                            std::to_string(drops) +
                                " times the kernel dropped datagrams, because the buffer of " +
                                size_text(wanted) + " was full",
                            fix});
    } else if (!os::is_root() && most > 0 && most < wanted) {
        findings.push_back({"receive buffer", Status::warning, "receive_buffer_limit",
                            "nothing was dropped, but the kernel limits the buffer to " +
                                size_text(most) + " instead of " + size_text(wanted),
                            fix});
    } else {
        findings.push_back({"receive buffer", Status::ok, "", "nothing was dropped", ""});
    }
}

}  // namespace mailslot::cli::doctor
