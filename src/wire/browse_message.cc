#include "wire/browse_message.h"

#include <array>
#include <cstdio>

#include "wire/classic_text.h"

namespace mailslot::wire {
namespace {

constexpr std::size_t kNameBytes = 16;

Error damaged() { return Error{Errc::bad_packet, "browse"}; }

void decode_announcement(ByteReader& in, BrowseMessage& message) {
    in.u8();  // update count
    message.period_ms = in.u32le();
    message.name = take_padded_text(in, kNameBytes);
    message.version_major = in.u8();
    message.version_minor = in.u8();
    message.server_type = in.u32le();
    in.u32le();  // browser version, signature
    if (in.ok()) message.comment = take_text(in);
}

void decode_list(ByteReader& in, BrowseMessage& message) {
    message.count = in.u8();
    message.token = in.u32le();
    // Some machines announce one name too many: the list ends at the end of the packet.
    for (unsigned i = 0; i < message.count && in.left() > 0; ++i) {
        message.names.push_back(take_text(in));
    }
}

std::string hex(std::uint32_t number) {
    std::array<char, 11> text{};
    std::snprintf(text.data(), text.size(), "0x%08x", number);
    return text.data();
}

std::string announcement_text(const char* what, const BrowseMessage& m) {
    std::string text = what + (" " + m.name);
    if (m.server_type == 0) return text + " goes away";
    text += ", version " + std::to_string(m.version_major) + '.' + std::to_string(m.version_minor) +
            ", type " + hex(m.server_type) + ", every " + std::to_string(m.period_ms / 1000) + " s";
    const bool is_workgroup = m.opcode == BrowseOpcode::workgroup_announcement;
    if (is_workgroup) return text + ", master " + m.comment;
    return m.comment.empty() ? text : text + ", " + quoted(m.comment);
}

}  // namespace

Result<BrowseMessage> decode_browse_message(Bytes payload) {
    ByteReader in(payload);
    BrowseMessage message{BrowseOpcode{in.u8()}};
    switch (message.opcode) {
        case BrowseOpcode::host_announcement:
        case BrowseOpcode::workgroup_announcement:
        case BrowseOpcode::master_announcement:
            decode_announcement(in, message);
            break;
        case BrowseOpcode::announcement_request:
            in.u8();
            message.name = take_text(in);
            // nmbd sends an empty name, and its own name after that.
            if (message.name.empty()) message.name = take_text(in);
            break;
        case BrowseOpcode::election:
            in.u8();  // version
            message.criteria = in.u32le();
            message.uptime_ms = in.u32le();
            in.u32le();
            message.name = take_text(in);
            break;
        case BrowseOpcode::backup_list_request:
            message.count = in.u8();
            message.token = in.u32le();
            break;
        case BrowseOpcode::backup_list:
            decode_list(in, message);
            break;
        case BrowseOpcode::become_backup:
        case BrowseOpcode::to_domain_master:
            message.name = take_text(in);
            break;
        case BrowseOpcode::reset:
            message.count = in.u8();
            break;
        default:
            return damaged();
    }
    if (!in.ok()) return damaged();
    return message;
}

std::string to_string(const BrowseMessage& m) {
    switch (m.opcode) {
        case BrowseOpcode::host_announcement:
            return announcement_text("host", m);
        case BrowseOpcode::workgroup_announcement:
            return announcement_text("workgroup", m);
        case BrowseOpcode::master_announcement:
            return announcement_text("master", m);
        case BrowseOpcode::announcement_request:
            return m.name + " asks all to announce themselves";
        case BrowseOpcode::election:
            return m.name + " wants to be master, criteria " + hex(m.criteria) + ", up for " +
                   std::to_string(m.uptime_ms / 1000) + " s";
        case BrowseOpcode::backup_list_request:
            return "asks for " + std::to_string(m.count) + " backups, token " + hex(m.token);
        case BrowseOpcode::backup_list: {
            std::string text = "backups, token " + hex(m.token) + ":";
            for (const std::string& name : m.names) text += ' ' + name;
            return text;
        }
        case BrowseOpcode::become_backup:
            return m.name + " is to be a backup";
        case BrowseOpcode::to_domain_master:
            return m.name + " is master of its subnet, for the domain's master";
        case BrowseOpcode::reset:
            return "reset, kind " + std::to_string(m.count);
    }
    return {};
}

}  // namespace mailslot::wire
