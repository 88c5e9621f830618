// Mark of messages that a gateway passed on from another carrier: docs/windows.md, "As a gateway".
#pragma once

#include <string_view>

#include "model/envelope.h"

namespace mailslot::post {

// Label of a message in our format that came through a gateway. The value names its first carrier.
inline constexpr std::string_view kViaLabel = "via";

// Returns true if a gateway passed the message on. The message's time is then the gateway's.
bool came_by_gateway(const Envelope& message);

}  // namespace mailslot::post
