// Messages on their way into a slot: gathers those of a batch for the same slot, and puts them there
// in a single call. Pure.
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "model/parcel.h"
#include "post/books.h"
#include "post/ledger.h"
#include "post/slots.h"

namespace mailslot::post {

// Messages a second into a slot: from one machine, and from all machines; 0: no limit.
struct Rates {
    std::uint64_t of_sender = 0, of_slot = 0;
};

class Dispatch {
public:
    Dispatch(Books& books, Ledger& ledger, Slots& slots, const Rates& rates)
        : books_(books), ledger_(ledger), slots_(slots), rates_(rates) {}

    // Returns the slot of the messages gathered so far; null if there are none.
    SlotBook* slot() const { return slot_; }
    // Gathers new messages of a sender, as far as the limits allow. Messages gathered for another
    // slot must have been put. The messages are borrowed until put_all().
    void gather(Sender& sender, Parcel parcel);
    // Keeps messages that no longer wait until put_all().
    const Ahead& keep(Ahead ahead) { return kept_.emplace_back(std::move(ahead)); }
    // Puts all into the slot. If the slot's reader is gone, the slot's books are cleared, and the
    // slot's senders with them.
    void put_all();

private:
    // A parcel on its way, and the state to restore if the slot does not take the parcel's first
    // message.
    struct Staged {
        Sender* sender = nullptr;
        std::uint64_t told_below = 0;           // the sender's, before that message
        std::size_t next = Sender::kNotStaged;  // next parcel of the sender here
    };

    void stage(Sender& sender, const Parcel& parcel);
    std::uint64_t within_limits(Sender& sender, std::uint64_t wanted);
    std::size_t messages_from(std::size_t front) const;
    std::size_t settle_taken(std::size_t front, std::size_t count);
    std::size_t settle_refused(std::size_t front, Loss cause);
    void close_slot(std::size_t front);

    Books& books_;
    Ledger& ledger_;
    Slots& slots_;
    const Rates rates_;
    SlotBook* slot_ = nullptr;     // slot of all messages in parcels_
    std::vector<Parcel> parcels_;  // for one call of Slots::put
    std::vector<Staged> staged_;   // parallel to parcels_
    std::deque<Ahead> kept_;       // taken from the waiting room; parcels_ borrow them
};

}  // namespace mailslot::post
