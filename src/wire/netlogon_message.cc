#include "wire/netlogon_message.h"

#include "wire/classic_text.h"

namespace mailslot::wire {
namespace {

// Wide text begins at an even place of the message.
void align(Bytes payload, ByteReader& in) {
    if ((payload.size() - in.left()) % 2 != 0) in.u8();
}

void decode_answer_to_logon(ByteReader& in, NetlogonMessage& message) {
    message.server = take_wide_text(in);
    message.user = take_wide_text(in);
    message.domain = take_wide_text(in);
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
            take_text(in);  // the server's name, which follows in wide text
            align(payload, in);
            message.server = take_wide_text(in);
            message.domain = take_wide_text(in);
            break;
        case NetlogonOpcode::logon_request:
            in.u16le();  // how often it has asked
            message.computer = take_wide_text(in);
            message.user = take_wide_text(in);
            message.reply_slot = take_text(in);
            break;
        case NetlogonOpcode::logon_response:
        case NetlogonOpcode::logon_paused:
        case NetlogonOpcode::user_unknown:
            decode_answer_to_logon(in, message);
            break;
        default:
            break;  // named by its number
    }
    if (!in.ok()) return Error{Errc::bad_packet, "netlogon"};
    return message;
}

std::string to_string(const NetlogonMessage& m) {
    const std::string answer_to = with(", answer to ", m.reply_slot);
    const std::string about = with(", user ", m.user) + with(", domain ", m.domain);
    switch (m.opcode) {
        case NetlogonOpcode::primary_query:
            return m.computer + " looks for the primary domain controller" + answer_to;
        case NetlogonOpcode::primary_response:
            return m.server + " is the primary domain controller" + about;
        case NetlogonOpcode::logon_request:
            return m.computer + " looks for a domain controller" + about + answer_to;
        case NetlogonOpcode::logon_response:
            return m.server + " is a domain controller" + about;
        case NetlogonOpcode::logon_paused:
            return m.server + " is a domain controller, paused" + about;
        case NetlogonOpcode::user_unknown:
            return m.server + " is a domain controller and does not know the user" + about;
    }
    return "netlogon message " + std::to_string(static_cast<unsigned>(m.opcode));
}

}  // namespace mailslot::wire
