// The office's place in its folder: the lock, by which others know that the office is taken, and
// the sockets at which processes register and take over.
// Threads: the station's only.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "local/slot_folder.h"
#include "mailslot/result.h"
#include "model/machine_id.h"
#include "office/door.h"
#include "os/folder.h"
#include "os/fork_guard.h"
#include "wire/local_message.h"

namespace mailslot::office {

struct OfficeRole {
    wire::Rank rank = wire::Rank::reader;
    bool serves_all_users = false;  // any user's process may register
    os::Handle listener =
        os::kNoHandle;  // for registrations, if somebody else keeps the socket open
};

class OfficePlace {
public:
    OfficePlace(const local::SlotFolder& folder, const NetworkId& network, const Clock& clock,
                const OfficeRole& role, Door& door, os::GuardedFd lock);

    // Errors: no_permission, no_resources.
    Result<void> listen();
    void stop_listening();
    // Restores the lock and the sockets if somebody has removed them. Returns false if another
    // process has become the folder's office meanwhile.
    bool keep();
    // Returns true if another process has taken our place. Cheap: asks the system at most every 250
    // ms.
    bool is_lost();
    // Gives the lock to a successor. The place is of no further use then.
    os::GuardedFd give_lock() { return std::move(lock_); }

private:
    struct Socket {
        std::string path;
        unsigned mode = 0;
        os::GuardedFd listener{};
        std::optional<os::FileId> file{};  // as we made it; others may remove or replace it
    };
    Result<void> mark_lock() const;
    Result<void> listen_at(Socket& socket);

    const local::SlotFolder& folder_;
    const NetworkId network_;
    const Clock& clock_;
    const OfficeRole role_;
    Door& door_;
    os::GuardedFd lock_;
    Socket registrations_, takeovers_;
    Clock::Instant look_at_lock_at_{};
    bool is_lost_ = false;
};

}  // namespace mailslot::office
