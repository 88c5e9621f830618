// Host names by the system's resolver: hosts file, DNS, and what else the machine is set up for.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "model/ip_address.h"

namespace mailslot::os {

// The host's addresses, the best first; empty where there are none. Blocks, at worst for many
// seconds.
std::vector<IpAddress> look_up_host(const std::string& host);

// Runs `work` on a thread that nobody waits for and no signal handler runs on. False: no thread to
// be had. `work` must own everything it touches.
bool run_detached(std::function<void()> work);

}  // namespace mailslot::os
