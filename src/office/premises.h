// The surroundings of a station: its settings, folder, network and event loop, shared by its parts.
// Threads: the station's only, once that runs.
#pragma once

#include "base/clock.h"
#include "local/slot_folder.h"
#include "model/machine_id.h"
#include "model/settings.h"
#include "os/event_loop.h"
#include "wire/local_message.h"

namespace mailslot::office {

struct Premises {
    Settings settings;  // the folders in it stay, whatever else changes
    const Clock& clock;
    os::EventLoop& loop;
    const wire::Rank rank;
    // True in the folder of another user, whose mailslotd does for us what we may not do there.
    const bool is_guest;
    local::SlotFolder folder;  // with the names of our network's office
    const NetworkId network;

    bool is_daemon() const { return rank != wire::Rank::reader; }
    // Returns true if the whole machine may have an office besides this user's.
    bool may_have_machines_office() const {
        return !is_daemon() && settings.system_dir != settings.dir;
    }
};

}  // namespace mailslot::office
