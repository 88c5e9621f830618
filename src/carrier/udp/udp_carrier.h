// The carrier of our own frames over UDP: docs/protocol/udp-carrier.md.
#pragma once

#include <memory>

#include "carrier/carrier.h"
#include "model/settings.h"

namespace mailslot {

// Whom messages to the group are for.
enum class UdpReach { network, this_machine };

// Opens nothing yet: start() and the first send() do.
// Threads: send() may run on one thread and the other calls on another, at the same time.
std::unique_ptr<Carrier> make_udp_carrier(const Settings& settings,
                                          UdpReach reach = UdpReach::network);

}  // namespace mailslot
