// Describes a message of a slot whose format is known, in one line. Pure.
// Formats: docs/protocol/well-known-slots.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace mailslot::wire {

// `slot` in any case, without prefix. Returns nullopt for other slots and for messages that do not
// have the slot's format.
std::optional<std::string> describe_message(std::string_view slot, Bytes payload);

}  // namespace mailslot::wire
