// Popup texts in \MAILSLOT\MESSNGR: docs/protocol/well-known-slots.md. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "mailslot/result.h"

namespace mailslot::wire {

// Fields in printable ASCII; other bytes as \xNN.
struct MessengerMessage {
    std::string from{}, to{}, text{};
    bool operator==(const MessengerMessage&) const = default;
};

// Errors: bad_packet.
Result<MessengerMessage> decode_messenger_message(Bytes payload);
// Returns nullopt if a text has a zero or a non-ASCII byte, for which no encoding is agreed.
std::optional<std::string> encode_messenger_message(std::string_view from, std::string_view to,
                                                    std::string_view text);
std::string to_string(const MessengerMessage& message);  // as a single line

}  // namespace mailslot::wire
