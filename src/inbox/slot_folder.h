// Where the slots of this machine (or of this user on it) are found: docs/slot-folder.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "mailslot/result.h"
#include "model/address.h"
#include "os/folder.h"

namespace mailslot::inbox {

// Says which process reads a slot. Worth something only while its socket accepts connections.
struct SlotEntry {
    SlotName name;
    std::string socket_path;
};

// Threads: any.
class SlotFolder {
public:
    explicit SlotFolder(std::string dir) : dir_(std::move(dir)) {}

    // Makes the folders for a reader. Errors: no_permission, no_resources.
    Result<void> prepare(unsigned mode) const;
    // The identity of this folder, as a machine, among all: made at first need. Errors: as
    // prepare's, timed_out.
    Result<std::uint64_t> station_id(Random& random) const;

    std::string reader_socket_path(std::uint64_t random) const;
    std::string reader_socket_path(const std::string& file) const {
        return dir_ + "/readers/" + file;
    }
    std::string office_socket_path() const { return dir_ + "/office.sock"; }
    std::string takeover_socket_path() const { return dir_ + "/takeover.sock"; }
    std::string office_lock_path() const { return dir_ + "/office.lock"; }

    // Enters a slot for the process that listens on the socket. Takes over what a dead process
    // left. Errors: slot_exists, no_permission, no_resources, timed_out.
    Result<void> claim(const SlotName& name, const std::string& socket_path) const;
    void release(const SlotName& name, const std::string& socket_path) const;

    // Errors: no_such_slot, no_permission, no_resources.
    Result<SlotEntry> find(std::string_view key) const;
    std::vector<SlotEntry> list() const;

private:
    std::string entry_path(std::string_view key) const;
    Result<SlotEntry> read_entry(const std::string& path) const;

    std::string dir_;
};

}  // namespace mailslot::inbox
