// What the office has of one slot that is registered with it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "post/office.h"

namespace mailslot::post {

struct Office::Slot {
    std::unique_ptr<inbox::InboxWriter> writer;
    int registrant = kOwn;
    std::uint32_t user = 0;     // the registrant's
    bool is_strangers = false;  // neither this process's user nor root
    OwnSlot own{};              // own slots only
    SlotCounters booked;        // what the segment's counters have of ours
    Clock::Instant patient_from{};
    // Of a full slot that drops its oldest: when its process was last asked to make room.
    std::uint64_t asked_at_count = ~std::uint64_t{0};
    Clock::Instant ask_again_from{};
    std::string name{};         // as its reader wrote it; empty: not asked for yet
    std::string entered_for{};  // the socket in the slot's entry, where we made it for another user
};

// As it stood in the slot's memory when we attached to it: writers could change it since.
inline Trust Office::require_of(const Slot& slot) { return slot.writer->geometry().limits.require; }

}  // namespace mailslot::post
