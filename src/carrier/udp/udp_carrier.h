// The carrier of our own frames over UDP: docs/protocol/udp-carrier.md.
#pragma once

#include <memory>

#include "carrier/carrier.h"
#include "model/settings.h"

namespace mailslot {

// Opens nothing until start() or the first send().
// Threads: send() may run in parallel with the other calls, which share a thread.
std::unique_ptr<Carrier> make_udp_carrier(const Settings& settings);

}  // namespace mailslot
