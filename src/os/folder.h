// Our few operations on files: small files written whole, a lock, a private folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailslot/result.h"
#include "os/fork_guard.h"

namespace mailslot::os {

// Makes the folder, and its parents if they are missing. `mode` is for the last folder. An existing
// folder must not be a link. It must belong to this user or to root, or stand in a folder that only
// root can write to, or have the same owner as its parent if the parent stands in such a folder.
// Errors: no_permission, no_resources; bad_config if the path is no folder
Result<void> make_folder(const std::string& path, unsigned mode);

// Returns the owner of a file, folder or link (links are not followed); nullopt if there is none.
std::optional<std::uint32_t> owner_of(const std::string& path);
// Checks an existing folder as make_folder does.
// Errors: as make_folder's
Result<void> check_folder(const std::string& path);
bool set_mode(const std::string& path, unsigned mode);
// Gives a file that root made in another user's folder to that user.
void give_to_folder_owner(const std::string& path);

// Tells apart two files that had the same path one after the other.
struct FileId {
    std::uint64_t device = 0, inode = 0;
    bool operator==(const FileId&) const = default;
};
std::optional<FileId> file_at(const std::string& path);  // nullopt if there is none
std::optional<FileId> file_of(const GuardedFd& fd);

// Locks a file that is still at its path: another process may have removed the file meanwhile. The
// lock is held as long as the returned value lives. Waits at most two seconds.
// Errors: timed_out, no_permission, no_resources
Result<GuardedFd> lock_file(const std::string& path);
// Returns no descriptor if another process holds the lock.
// Errors: no_permission, no_resources
Result<GuardedFd> try_lock_file(const std::string& path);
// Replaces a lock file whose holder does not answer by a new file, locked by us. The old lock is
// worth nothing from then on.
// Errors: no_permission, no_resources
Result<GuardedFd> replace_lock_file(const std::string& path);

// Reads at most 4 KiB. Returns no value if there is no such file.
// Errors: no_permission, no_resources
Result<std::optional<std::string>> read_small_file(const std::string& path);
// Writes all of the file or nothing. A reader never sees half a file.
// Errors: no_permission, no_resources
Result<void> write_small_file(const std::string& path, std::string_view text, unsigned mode);
// Overwrites a file that others may have open, or locked. A reader may see half of the text.
Result<void> overwrite_file(const GuardedFd& fd, std::string_view text);
bool remove_file(const std::string& path);  // false if there was none
// Removes a socket's file and no other kind. Returns false if there was no such socket.
bool remove_socket(const std::string& path);
// Returns the names in the folder that do not begin with `.`.
std::vector<std::string> list_folder(const std::string& path);

}  // namespace mailslot::os
