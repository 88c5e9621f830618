// Findings of the doctor, a line a check. The checks: docs/doctor.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "carrier/carrier_writer.h"
#include "mailslot/mailslot.h"
#include "model/address.h"
#include "model/settings.h"
#include "os/interfaces.h"
#include "os/network_state.h"

namespace mailslot::cli::doctor {

enum class Status : std::uint8_t { ok, warning, failed, skipped };

struct Finding {
    std::string check{};  // "port"
    Status status = Status::ok;
    std::string cause{};   // a word for programs: "port_taken"; empty: nothing is wrong
    std::string detail{};  // for people
    std::string fix{};     // the command, or the lines of configuration, that fix the fault
    std::optional<PathInfo> path{};  // as measured
};
using Findings = std::vector<Finding>;

// Input of all checks.
struct Patient {
    Settings settings{};
    std::vector<os::Interface> interfaces{};
    std::optional<os::FilterRules> rules{};
};

void check_configuration(const Patient& patient, Findings& findings);
void check_interfaces(const Patient& patient, Findings& findings);
void check_port(const Patient& patient, const Reader& reader, Findings& findings);
// `has_port`: check_port() found no failure.
void check_probes(const Patient& patient, Reader& reader, bool has_port, Findings& findings);
void check_classic(const Patient& patient, const Reader& reader, Findings& findings);
void check_buffers(const Patient& patient, Findings& findings);
void check_clock(Findings& findings);
void check_keys(const Patient& patient, Findings& findings);
void check_identity(const Patient& patient, Findings& findings);
Finding bad_key(const Error& error);  // why load_settings() refuses a key
// `host`: HOST or \\PLACE\mailslot\NAME.
void check_peer(const Patient& patient, const std::string& host, Timeout timeout,
                Findings& findings);
// Measures the path to a machine that answers at that address.
void check_path(const std::string& host, const std::string& address, Findings& findings);
void check_address(const Patient& patient, const std::string& address, Timeout timeout,
                   Findings& findings);

// Asks for a place on the classic wire. Returns nullopt if that is off or cannot be asked.
std::optional<Finding> find_on_classic_wire(const Patient& patient, const Address& peer);

// A rule that keeps datagrams to our port from passing a hook ("input", "output"), and the command
// that lets them pass. find_block returns nullopt if no such rule can be seen.
struct Block {
    std::string rule{}, fix{};
    std::string let_answers_in{};  // the command that lets answers to us in
};
std::optional<Block> find_block(const os::FilterRules& rules, const std::string& hook,
                                std::uint16_t port);

// Returns lines of configuration for networks without multicast.
std::string static_peers();
std::string family_name(IpAddress::Family family);  // "ipv4"

}  // namespace mailslot::cli::doctor
