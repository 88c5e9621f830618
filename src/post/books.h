// All that a post office knows: its open slots, their senders, messages that wait or are half here,
// and the counts. Pure.
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "model/parcel.h"
#include "post/counters.h"
#include "post/open_slots.h"
#include "post/reassembly.h"
#include "post/sender_book.h"
#include "post/waiting_room.h"

namespace mailslot::post {

// The time of the call that the post office works on.
struct Moment {
    Clock::Instant awake{};          // by Clock::now()
    Clock::Instant through_sleep{};  // by Clock::now_through_sleep()
};

// Datagrams that this machine's kernel dropped.
struct KernelDrops {
    std::uint64_t most = 0;                          // the most that a parcel said
    Clock::Instant rose_at = Clock::Instant::min();  // when `most` went up last

    void note(const Parcel& parcel, const Moment& now) {
        if (parcel.kernel_drops <= most) return;
        most = parcel.kernel_drops;
        rose_at = now.through_sleep;
    }
};

struct Books {
    Books(std::size_t most_senders, const ReassemblyLimits& limits)
        : senders(most_senders), half_arrived(limits) {}

    Moment now;
    KernelDrops drops;
    OpenSlots slots;
    SenderBook senders;
    Reassembly half_arrived;
    WaitingRoom waiting;
    OfficeCounters counters;

    // Forgets all senders of a slot, and the slot's counts.
    void clear(SlotBook& slot);
    // Counts a parcel that the slot does not trust, and notes the address. Learns nothing about the
    // sender, because anybody may have sent the parcel.
    void refuse(SlotBook& slot, const Parcel& parcel);
    // Continues a sender that an earlier office noted: all numbers below `next` are dealt with.
    void recall(SlotBook& slot, std::uint64_t origin, std::uint64_t next);
    OfficeCounters present_counters() const;
};

// Returns what a slot's reader may be told.
SlotCounters counters_of(const SlotBook& slot);
// Returns at most `most` senders of a slot, from `from` on.
SenderPage page_of(const SlotBook& slot, std::uint64_t from, std::size_t most);

}  // namespace mailslot::post
