// The few things we do with files: small ones written whole, a lock, a private folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailslot/result.h"
#include "os/fork_guard.h"

namespace mailslot::os {

// Makes the folder and its parents where they are missing; `mode` for the last. A folder that is
// there must belong to this user or to root and not be a link. Errors: no_permission, no_resources.
Result<void> make_folder(const std::string& path, unsigned mode);

// Held until the value goes. Waits at most two seconds. Errors: timed_out, no_permission,
// no_resources.
Result<GuardedFd> lock_file(const std::string& path);
// No descriptor: another process holds it. Errors: no_permission, no_resources.
Result<GuardedFd> try_lock_file(const std::string& path);

// At most 4 KiB. No value: there is no such file. Errors: no_permission, no_resources.
Result<std::optional<std::string>> read_small_file(const std::string& path);
// All of it or nothing, and never half of it for a reader. Errors: no_permission, no_resources.
Result<void> write_small_file(const std::string& path, std::string_view text, unsigned mode);
bool remove_file(const std::string& path);  // false: it was not there
std::vector<std::string> list_folder(
    const std::string& path);  // names but for those that begin with `.`

}  // namespace mailslot::os
