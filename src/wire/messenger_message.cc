#include "wire/messenger_message.h"

#include <algorithm>

#include "wire/classic_text.h"

namespace mailslot::wire {
namespace {

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c != '\0' && (c & 0x80) == 0; });
}

}  // namespace

Result<MessengerMessage> decode_messenger_message(Bytes payload) {
    // Three texts; the zero after the last is often missing.
    if (std::ranges::count(as_text(payload), '\0') < 2) return Error{Errc::bad_packet, "messenger"};
    ByteReader in(payload);
    MessengerMessage message;
    message.from = take_text(in);
    message.to = take_text(in);
    message.text = take_text(in);
    return message;
}

std::optional<std::string> encode_messenger_message(std::string_view from, std::string_view to,
                                                    std::string_view text) {
    if (!is_ascii(from) || !is_ascii(to) || !is_ascii(text)) return std::nullopt;
    std::string payload;
    for (const std::string_view part : {from, to, text}) {
        payload += part;
        payload += '\0';
    }
    return payload;
}

std::string to_string(const MessengerMessage& message) {
    return message.from + " to " + message.to + ": " + message.text;
}

}  // namespace mailslot::wire
