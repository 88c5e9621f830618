// Texts to be shown, in \MAILSLOT\MESSNGR: docs/protocol/well-known-slots.md. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "mailslot/result.h"

namespace mailslot::wire {

// Printable ASCII; other bytes as \xNN.
struct MessengerMessage {
    std::string from{}, to{}, text{};
    bool operator==(const MessengerMessage&) const = default;
};

// Errors: bad_packet.
Result<MessengerMessage> decode_messenger_message(Bytes payload);
// No value: a zero or a byte other than ASCII is in it, for which there is no agreed code.
std::optional<std::string> encode_messenger_message(std::string_view from, std::string_view to,
                                                    std::string_view text);
std::string to_string(const MessengerMessage& message);  // one line

}  // namespace mailslot::wire
