// Announcements and requests that machines send to \MAILSLOT\BROWSE. Pure.
// Format: docs/protocol/well-known-slots.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "mailslot/result.h"

namespace mailslot::wire {

enum class BrowseOpcode : std::uint8_t {
    host_announcement = 0x01,
    announcement_request = 0x02,
    election = 0x08,
    backup_list_request = 0x09,
    backup_list = 0x0a,
    become_backup = 0x0b,
    workgroup_announcement = 0x0c,
    to_domain_master = 0x0d,
    reset = 0x0e,
    master_announcement = 0x0f,
};

// Each opcode sets some of the fields; the others keep the values given here.
struct BrowseMessage {
    BrowseOpcode opcode{};
    std::string name{};     // a machine or workgroup
    std::string comment{};  // announcements; for a workgroup: its master
    std::uint32_t period_ms = 0;
    std::uint8_t version_major = 0, version_minor = 0;
    std::uint32_t server_type = 0;
    std::uint32_t token = 0, criteria = 0, uptime_ms = 0;
    std::uint8_t count = 0;  // wanted machines, or how to reset
    std::vector<std::string> names{};
    bool operator==(const BrowseMessage&) const = default;
};

// Errors: bad_packet.
Result<BrowseMessage> decode_browse_message(Bytes payload);
std::string to_string(const BrowseMessage& message);  // as a single line

}  // namespace mailslot::wire
