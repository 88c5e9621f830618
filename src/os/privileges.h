// Giving up root for good.
#pragma once

#include <string>

#include "mailslot/result.h"

namespace mailslot::os {

// Makes this process run as that user for good: with the user's main group only, without
// capabilities, and with no way to gain any by running a program. If it `keeps_low_ports`, it can
// still bind ports below 1024 (CAP_NET_BIND_SERVICE). The user root changes nothing.
// Errors: bad_config (no such user), no_permission (this process is not root)
// Threads: before any other is started
Result<void> become_user(const std::string& name, bool keeps_low_ports);
bool is_user(const std::string& name);

// Makes the folder for that user if there is none.
// Errors: bad_config, no_permission
Result<void> make_folder_for(const std::string& path, const std::string& user);

}  // namespace mailslot::os
