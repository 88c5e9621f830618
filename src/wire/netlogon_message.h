// Searches for a domain controller in \MAILSLOT\NET\NETLOGON, and the answers. Pure.
// Format: docs/protocol/well-known-slots.md.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "mailslot/result.h"

namespace mailslot::wire {

enum class NetlogonOpcode : std::uint16_t {
    primary_query = 7,
    primary_response = 12,
    logon_request = 18,
    logon_response = 19,
    logon_paused = 20,
    user_unknown = 21,
    // Active Directory's responses: LOGON_SAM_LOGON_RESPONSE_EX and the like.
    logon_response_ex = 23,
    logon_paused_ex = 24,
    user_unknown_ex = 25,
};

// Each opcode sets some of the fields; the others are empty. UTF-8.
struct NetlogonMessage {
    NetlogonOpcode opcode{};
    std::string computer{};    // the asking machine
    std::string reply_slot{};  // slot for the answer
    std::string server{}, user{}, domain{};
    std::string dns_host{}, dns_domain{}, site{};  // about the server
    bool operator==(const NetlogonMessage&) const = default;
};

// Errors: bad_packet.
Result<NetlogonMessage> decode_netlogon_message(Bytes payload);
std::string to_string(const NetlogonMessage& message);  // as a single line

}  // namespace mailslot::wire
