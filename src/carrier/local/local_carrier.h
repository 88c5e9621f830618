// Our own frames between the users of one machine while it has no network interface at all, not
// even a loopback: docs/protocol/local-carrier.md.
#pragma once

#include <memory>

#include "carrier/carrier.h"
#include "model/settings.h"

namespace mailslot {

// Everybody on this machine whose settings have the same port. Threads: as the udp carrier's.
std::unique_ptr<Carrier> make_local_carrier(const Settings& settings);

}  // namespace mailslot
