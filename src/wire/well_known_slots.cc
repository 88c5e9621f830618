#include "wire/well_known_slots.h"

#include <algorithm>

#include "wire/browse_message.h"
#include "wire/messenger_message.h"
#include "wire/netlogon_message.h"

namespace mailslot::wire {
namespace {

std::string upper(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return out;
}

template <class Message>
std::optional<std::string> text_of(const Result<Message>& decoded) {
    return decoded ? std::optional(to_string(*decoded)) : std::nullopt;
}

}  // namespace

std::optional<std::string> describe_message(std::string_view slot, Bytes payload) {
    const std::string name = upper(slot);
    if (name == "BROWSE") return text_of(decode_browse_message(payload));
    if (name == "MESSNGR") return text_of(decode_messenger_message(payload));
    const bool is_netlogon =
        name == "NET\\NETLOGON" || name == "NET\\NTLOGON" || name.starts_with("NET\\GETDC");
    if (is_netlogon) return text_of(decode_netlogon_message(payload));
    return std::nullopt;
}

}  // namespace mailslot::wire
