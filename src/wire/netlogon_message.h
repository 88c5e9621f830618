// Who looks for a domain controller in \MAILSLOT\NET\NETLOGON, and its answers:
// docs/protocol/well-known-slots.md. Pure.
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
    // The same of Active Directory: LOGON_SAM_LOGON_RESPONSE_EX and its like.
    logon_response_ex = 23,
    logon_paused_ex = 24,
    user_unknown_ex = 25,
};

// Of each opcode some fields; the others are empty. UTF-8.
struct NetlogonMessage {
    NetlogonOpcode opcode{};
    std::string computer{};    // who asks
    std::string reply_slot{};  // where it wants the answer
    std::string server{}, user{}, domain{};
    std::string dns_host{}, dns_domain{}, site{};  // of the server
    bool operator==(const NetlogonMessage&) const = default;
};

// Errors: bad_packet.
Result<NetlogonMessage> decode_netlogon_message(Bytes payload);
std::string to_string(const NetlogonMessage& message);  // one line

}  // namespace mailslot::wire
