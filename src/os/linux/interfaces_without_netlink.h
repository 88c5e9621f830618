// Lists interfaces without netlink sockets, which a service manager (RestrictAddressFamilies), a
// container or Android may forbid. For interfaces.cc.
#pragma once

#include <optional>
#include <vector>

#include "os/interfaces.h"

namespace mailslot::os {

// Returns interfaces that have an address; nullopt if they cannot be listed this way either.
std::optional<std::vector<Interface>> interfaces_without_netlink();

}  // namespace mailslot::os
