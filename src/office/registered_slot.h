// A slot that is registered with the office.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "inbox/inbox_writer.h"
#include "mailslot/result.h"
#include "office/deputies.h"
#include "post/counters.h"

namespace mailslot::office {

// Stand for the connection of a registrant: in slots of this process, and in slots that an earlier
// office lent us.
inline constexpr os::Handle kOwn{-1}, kLent{-2};

// A slot of this process. `open` makes a writer, at first and whenever the slot's memory was
// replaced. `ring` wakes the reader for a writer that cannot. `make_room`: as in Inbox.
struct OwnSlot {
    std::function<std::unique_ptr<inbox::InboxWriter>()> open{};
    std::function<void()> ring{};
    std::function<void(std::uint64_t wanted_bytes)> make_room{};
    Deputies::SlotLender lender{};
};

// Threads: the station's only.
struct RegisteredSlot {
    std::unique_ptr<inbox::InboxWriter> writer;
    os::Handle registrant = kOwn;
    std::uint32_t user = 0;     // the registrant's
    bool is_strangers = false;  // not this process's user, and not root
    OwnSlot own{};              // own slots only
    post::SlotCounters booked;  // included in the segment's counters already
    std::size_t recalled = 0;   // senders that the slot's notes brought into the books
    Clock::Instant patient_from{};
    // For a full slot that drops its oldest: when its process was last asked to make room.
    std::uint64_t asked_at_count = ~std::uint64_t{0};
    Clock::Instant ask_again_from{};
    std::string name{};         // as its reader wrote it; empty if not looked up yet
    std::string entered_for{};  // socket in the slot's entry, if we made the entry for another user

    // Returns the setting as it was when we attached to the slot's memory: writers could change it
    // since.
    Trust require() const { return writer->geometry().limits.require; }
    // Brings the slot's own counters up to date with the post office's counts.
    void book(const post::SlotCounters& now);
};

// Checks descriptors and writer number of another process's slot, without attaching.
// Errors: no_resources, bad_segment.
Result<void> check_pass(const std::vector<os::UniqueFd>& fds, std::uint32_t number);
// Attaches to the memory of another process's slot, whose pass is sound. Moves the descriptors out of `fds`.
// Errors: no_resources, bad_segment.
Result<std::unique_ptr<inbox::InboxWriter>> attach_slot(std::vector<os::UniqueFd>& fds,
                                                        std::uint32_t number, bool with_event);

}  // namespace mailslot::office
