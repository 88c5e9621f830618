#include "wire/netlogon_message.h"

#include "wire/classic_text.h"

namespace mailslot::wire {
namespace {

// Skips to an even offset of the message, at which wide text begins.
void align(Bytes payload, ByteReader& in) {
    if ((payload.size() - in.left()) % 2 != 0) in.u8();
}

void decode_answer_to_logon(ByteReader& in, NetlogonMessage& message) {
    message.server = take_wide_text(in);
    message.user = take_wide_text(in);
    message.domain = take_wide_text(in);
}

// Spec: MS-ADTS 6.3.1.9.
void decode_answer_ex(Bytes payload, ByteReader& in, NetlogonMessage& message) {
    constexpr std::size_t kSkipped = 2 + 4 + 16;  // zero, flags, the domain's GUID
    in.take(kSkipped);
    take_compressed_name(payload, in);  // the forest
    message.dns_domain = take_compressed_name(payload, in);
    message.dns_host = take_compressed_name(payload, in);
    message.domain = take_compressed_name(payload, in);
    message.server = take_compressed_name(payload, in);
    message.user = take_compressed_name(payload, in);
    message.site = take_compressed_name(payload, in);
}

std::string in_brackets(const std::string& value) {
    return value.empty() ? value : " (" + value + ')';
}

std::string with(const char* what, const std::string& value) {
    return value.empty() ? std::string() : what + value;
}

}  // namespace

Result<NetlogonMessage> decode_netlogon_message(Bytes payload) {
    ByteReader in(payload);
    NetlogonMessage message{NetlogonOpcode{in.u16le()}};
    switch (message.opcode) {
        case NetlogonOpcode::primary_query:
            message.computer = take_text(in);
            message.reply_slot = take_text(in);
            break;
        case NetlogonOpcode::primary_response:
            take_text(in);  // the server's name, repeated below in wide text
            align(payload, in);
            message.server = take_wide_text(in);
            message.domain = take_wide_text(in);
            break;
        case NetlogonOpcode::logon_request:
            in.u16le();  // number of attempts
            message.computer = take_wide_text(in);
            message.user = take_wide_text(in);
            message.reply_slot = take_text(in);
            break;
        case NetlogonOpcode::logon_response:
        case NetlogonOpcode::logon_paused:
        case NetlogonOpcode::user_unknown:
            decode_answer_to_logon(in, message);
            break;
        case NetlogonOpcode::logon_response_ex:
        case NetlogonOpcode::logon_paused_ex:
        case NetlogonOpcode::user_unknown_ex:
            decode_answer_ex(payload, in, message);
            break;
        default:
            break;  // printed by number
    }
    if (!in.ok()) return Error{Errc::bad_packet, "netlogon"};
    return message;
}

std::string to_string(const NetlogonMessage& m) {
    const std::string answer_to = with(", answer to ", m.reply_slot);
    const std::string about = with(", user ", m.user) + with(", domain ", m.domain) +
                              in_brackets(m.dns_domain) + with(", site ", m.site);
    const std::string server = m.server + in_brackets(m.dns_host);
    switch (m.opcode) {
        case NetlogonOpcode::primary_query:
            return m.computer + " looks for the primary domain controller" + answer_to;
        case NetlogonOpcode::primary_response:
            return server + " is the primary domain controller" + about;
        case NetlogonOpcode::logon_request:
            return m.computer + " looks for a domain controller" + about + answer_to;
        case NetlogonOpcode::logon_response:
        case NetlogonOpcode::logon_response_ex:
            return server + " is a domain controller" + about;
        case NetlogonOpcode::logon_paused:
        case NetlogonOpcode::logon_paused_ex:
            return server + " is a domain controller, paused" + about;
        case NetlogonOpcode::user_unknown:
        case NetlogonOpcode::user_unknown_ex:
            return server + " is a domain controller and does not know the user" + about;
    }
    return "netlogon message " + std::to_string(static_cast<unsigned>(m.opcode));
}

}  // namespace mailslot::wire
