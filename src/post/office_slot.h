// State of a slot that is registered with the office.
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
    bool is_strangers = false;  // not this process's user, and not root
    OwnSlot own{};              // own slots only
    SlotCounters booked;        // included in the segment's counters already
    std::size_t recalled = 0;   // senders that the slot's notes brought into the books
    Clock::Instant patient_from{};
    // For a full slot that drops its oldest: when its process was last asked to make room.
    std::uint64_t asked_at_count = ~std::uint64_t{0};
    Clock::Instant ask_again_from{};
    std::string name{};         // as its reader wrote it; empty if not looked up yet
    std::string entered_for{};  // socket in the slot's entry, if we made the entry for another user
};

// Returns the setting as it was when we attached to the slot's memory: writers could change it
// since.
inline Trust Office::require_of(const Slot& slot) { return slot.writer->geometry().limits.require; }

}  // namespace mailslot::post
