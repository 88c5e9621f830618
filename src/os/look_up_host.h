// Host names by the system's resolver: hosts file, DNS, and what else the machine is set up for.
#pragma once

#include <string>
#include <vector>

#include "model/ip_address.h"

namespace mailslot::os {

// The host's addresses, the best first; empty where there are none. Blocks, at worst for many
// seconds.
std::vector<IpAddress> look_up_host(const std::string& host);

}  // namespace mailslot::os
