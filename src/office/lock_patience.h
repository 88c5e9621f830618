// How long the office waits for the lock of a slot, which a stopped or malicious writer may hold.
// Delivery to all slots waits meanwhile.
// Threads: the station's only.
#pragma once

#include <chrono>

#include "base/clock.h"
#include "office/registered_slot.h"
#include "office/time_shares.h"

namespace mailslot::office {

class LockPatience {
public:
    // Slots of another user share an account of the office's time, and each user that has used it up
    // leaves less to the others.
    std::chrono::milliseconds with(const RegisteredSlot& slot, Clock::Instant now) const;
    // Notes a put that took from `begun` to `now`. `gave_up`: the lock was not to be had.
    void note_put(RegisteredSlot& slot, Clock::Instant begun, Clock::Instant now, bool gave_up);

private:
    // Opened slots have an account of their own: anybody may hold their locks, and that must not
    // harm their user's other slots.
    static bool is_opened(const RegisteredSlot& slot) { return slot.writer->is_opened(); }

    TimeShares private_{}, opened_{};  // time that slots of other users took above the usual
};

}  // namespace mailslot::office
