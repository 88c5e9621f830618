// One line for a message of a slot whose format is known: docs/protocol/well-known-slots.md. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace mailslot::wire {

// `slot` in any case, without prefix. No value: another slot, or not what is said there.
std::optional<std::string> describe_message(std::string_view slot, Bytes payload);

}  // namespace mailslot::wire
