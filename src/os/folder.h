// The few things we do with files: small ones written whole, a lock, a private folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailslot/result.h"
#include "os/fork_guard.h"

namespace mailslot::os {

// Makes the folder and its parents where they are missing; `mode` for the last. A folder that is
// there must not be a link, and belong to this user or to root, or stand in a folder that only root
// can put it into, or be one of that folder's owner in it. Errors: no_permission, no_resources;
// bad_config, if it is no folder.
Result<void> make_folder(const std::string& path, unsigned mode);

// Whom a file or folder belongs to; a link is looked at itself. No value: there is none.
std::optional<std::uint32_t> owner_of(const std::string& path);
// The same checks as make_folder's. Errors: as make_folder's.
Result<void> check_folder(const std::string& path);
bool set_mode(const std::string& path, unsigned mode);
// What root made in the folder of another user is that user's to use.
void give_to_folder_owner(const std::string& path);

// Tells two files apart that have one path, one after the other.
struct FileId {
    std::uint64_t device = 0, inode = 0;
    bool operator==(const FileId&) const = default;
};
std::optional<FileId> file_at(const std::string& path);  // no value: there is none
std::optional<FileId> file_of(const GuardedFd& fd);

// A file is locked only if it is still at its path: another process may have removed it meanwhile.
// Held until the value goes. Waits at most two seconds. Errors: timed_out, no_permission,
// no_resources.
Result<GuardedFd> lock_file(const std::string& path);
// No descriptor: another process holds it. Errors: no_permission, no_resources.
Result<GuardedFd> try_lock_file(const std::string& path);
// Puts a new file, locked by us, in the place of a lock whose holder does not answer. The old one
// is worth nothing from then on. Errors: no_permission, no_resources.
Result<GuardedFd> replace_lock_file(const std::string& path);

// At most 4 KiB. No value: there is no such file. Errors: no_permission, no_resources.
Result<std::optional<std::string>> read_small_file(const std::string& path);
// All of it or nothing, and never half of it for a reader. Errors: no_permission, no_resources.
Result<void> write_small_file(const std::string& path, std::string_view text, unsigned mode);
// The same of a file that others may have open, or locked. A reader may see half of it.
Result<void> overwrite_file(const GuardedFd& fd, std::string_view text);
bool remove_file(const std::string& path);  // false: it was not there
// The same of a socket's file, and of nothing else that stands there. False: it was none.
bool remove_socket(const std::string& path);
std::vector<std::string> list_folder(
    const std::string& path);  // names but for those that begin with `.`

}  // namespace mailslot::os
