// The place of a reading process in its folder: the folder, the socket at which the process is
// asked, and the entries of its slots. Restores them, because others may remove them: a logout, a
// cleaner of /tmp, a person.
// Threads: the station's only.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mailslot/result.h"
#include "office/door.h"
#include "office/premises.h"
#include "office/slot_desk.h"
#include "office/slot_errors.h"
#include "os/folder.h"
#include "os/fork_guard.h"

namespace mailslot::office {

class ReaderPlace {
public:
    // `serves_all_users`: other users may enter the folder.
    ReaderPlace(const Premises& at, SlotDesk& desk, SlotErrors& errors, bool serves_all_users,
                std::string socket_path)
        : at_(at),
          desk_(desk),
          errors_(errors),
          serves_all_users_(serves_all_users),
          socket_path_(std::move(socket_path)) {}

    // Makes the folder if needed, and opens the socket. A guest gets a socket from the office.
    // Errors: no_permission, no_resources, timed_out.
    Result<void> open();
    // Listens at a socket that somebody else made, in place of the socket so far.
    // Errors: no_resources.
    Result<void> listen_at(const std::string& path, os::GuardedFd listener);
    void remove_socket() const;

    // Returns the name of the socket's file, or an empty text if there is no socket.
    std::string socket_file() const;
    bool has_socket() const;

    // Enters a slot into the folder.
    // Errors: slot_exists, no_permission, no_resources, timed_out.
    Result<void> enter(const SlotName& name) const { return at_.folder.claim(name, socket_path_); }
    void withdraw(const SlotName& name);
    // Restores the folder, the socket and the entries. Returns slots whose names are ours again, so
    // that they can be registered. Not for guests, whose entries the office makes.
    std::vector<SlotDesk::Slot> keep();
    // Returns true if another process took the name while the folder was missing.
    bool is_displaced(const std::string& key) const { return displaced_.contains(key); }

    // Tells every reading process of the folder that the office has moved, or does not answer,
    // because we do not know which are registered.
    void tell_readers() const;

private:
    Result<void> check_as_guest() const;
    Result<void> prepare_folder() const;
    bool put_socket_back();
    bool keep_entry(const SlotDesk::Slot& slot, std::vector<SlotDesk::Slot>& returned);
    std::vector<SlotDesk::Slot> keep_entries(std::size_t at_most);

    const Premises& at_;
    SlotDesk& desk_;
    SlotErrors& errors_;
    const bool serves_all_users_;
    std::string socket_path_;
    os::GuardedFd listener_;
    std::optional<os::FileId> listener_file_;
    std::string looked_at_{};            // the last slot whose entry was checked
    std::set<std::string> displaced_{};  // slots whose names others took while there was no folder
};

}  // namespace mailslot::office
