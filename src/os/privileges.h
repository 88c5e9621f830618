// Giving up root for good.
#pragma once

#include <string>

#include "mailslot/result.h"

namespace mailslot::os {

// Makes this process that user's, with his groups' first alone, no capability, and no way to get
// one by what it may run; ports below 1024 it can still bind if it `keeps_low_ports`
// (CAP_NET_BIND_SERVICE). Root stays root. Before any thread is started. Errors: bad_config (no
// such user), no_permission (this is not root).
Result<void> become_user(const std::string& name, bool keeps_low_ports);
bool is_user(const std::string& name);

// The folder, made for that user where there is none. Errors: bad_config, no_permission.
Result<void> make_folder_for(const std::string& path, const std::string& user);

}  // namespace mailslot::os
