// The folder in which the slots of this machine (or of this user on it) are found:
// docs/slot-folder.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailslot/result.h"
#include "model/address.h"
#include "model/machine_id.h"
#include "os/folder.h"

namespace mailslot::local {

// Tells which process reads a slot. Valid only while the process's socket accepts connections.
struct SlotEntry {
    SlotName name;
    std::string socket_path;
};

// Written into an office's lock file by the holder of the lock.
struct OfficeMark {
    NetworkId network;
    bool is_daemon = false;  // also serves processes in other networks
};

// Threads: any
class SlotFolder {
public:
    // `office` chooses one of the folder's post offices, if containers with networks of their own
    // share the folder. Empty: the office with the plain names.
    explicit SlotFolder(std::string dir, std::string office = {})
        : dir_(std::move(dir)), office_(std::move(office)) {}
    SlotFolder with_office(std::string office) const { return SlotFolder(dir_, std::move(office)); }

    // Returns the folder's owner; nullopt if there is no folder.
    std::optional<std::uint32_t> owner() const { return os::owner_of(dir_); }
    // Makes the folders for a reader.
    // Errors: no_permission, no_resources
    Result<void> prepare(unsigned mode) const;

    std::string reader_socket_path(std::uint64_t random) const;
    // Path of a socket that the office makes for a process of another user.
    std::string guest_socket_path(std::uint32_t user, std::uint64_t random) const;
    std::string reader_socket_path(const std::string& file) const {
        return dir_ + "/readers/" + file;
    }
    std::string office_socket_path() const { return dir_ + "/office" + office_ + ".sock"; }
    std::string takeover_socket_path() const { return dir_ + "/takeover" + office_ + ".sock"; }
    std::string office_lock_path() const { return dir_ + "/office" + office_ + ".lock"; }

    // Folder in which an office of all users notes the owner of each name (office/name_owners.h).
    std::string owners_folder() const { return dir_ + "/owners" + office_; }
    std::string owner_path(std::string_view key) const;

    // --- Several post offices in one folder: docs/slot-folder.md, "Several networks"

    // Returns the name of a network's office that does not have the plain names.
    static std::string office_name(const NetworkId& network);
    // Returns the names of possible offices, without the one with the plain names.
    std::vector<std::string> office_names() const;
    // Returns where the office of a network is, or is to be. `is_daemon`: mailslotd asks.
    SlotFolder of_network(const NetworkId& network, bool is_daemon) const;
    // Returns where a process in that network finds offices to register with, the best first.
    std::vector<SlotFolder> offices_for(const NetworkId& network) const;
    Result<void> write_office_mark(const os::GuardedFd& lock, const OfficeMark& mark) const;
    // Returns nullopt if the file says nothing, or if this user may not read it.
    std::optional<OfficeMark> office_mark() const;
    // Removes files of dead offices. For the holder of an office's lock.
    void sweep_offices() const;

    // Enters a slot for the process that listens on the socket. Replaces the entry of a dead
    // process.
    // Errors: slot_exists, no_permission, no_resources, timed_out
    Result<void> claim(const SlotName& name, const std::string& socket_path) const;
    void release(const SlotName& name, const std::string& socket_path) const;

    // Errors: no_such_slot, no_permission, no_resources
    Result<SlotEntry> find(std::string_view key) const;
    std::vector<SlotEntry> list() const;

private:
    std::string entry_path(std::string_view key) const;
    Result<SlotEntry> read_entry(const std::string& path) const;

    std::string dir_, office_;
};

// Returns the user for whom an office made that socket; nullopt if the process itself did.
std::optional<std::uint32_t> guest_of(std::string_view socket_path);

std::vector<SlotEntry> all_entries(const std::vector<SlotFolder>& folders);

}  // namespace mailslot::local
