// The list of interfaces where netlink sockets are forbidden, as a service manager
// (RestrictAddressFamilies), a container or Android may do. For interfaces.cc.
#pragma once

#include <optional>
#include <vector>

#include "os/interfaces.h"

namespace mailslot::os {

// Interfaces that have an address. No value: there is no other way to know them either.
std::optional<std::vector<Interface>> interfaces_without_netlink();

}  // namespace mailslot::os
