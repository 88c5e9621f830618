// Puts the parts of half-arrived messages together, and gives up messages whose parts do not come.
// Pure.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "model/parcel.h"
#include "post/books.h"
#include "post/dispatch.h"
#include "post/ledger.h"
#include "post/turns.h"

namespace mailslot::post {

class Parts {
public:
    Parts(Books& books, Ledger& ledger, Dispatch& dispatch, Turns& turns)
        : books_(books), ledger_(ledger), dispatch_(dispatch), turns_(turns) {}

    // Takes a part of a message whose turn has come.
    void take(Sender& sender, const Envelope& part);
    // Takes a part that is ahead of its turn, and keeps the part's word that all lower numbers were
    // sent. A complete message waits for its turn.
    void take_ahead(Sender& sender, const Parcel& parcel, std::uint64_t drops_before);
    // Takes a part from a predecessor's books.
    void restore(Sender& sender, const Envelope& part, Clock::Instant last_part);

    // Gives up all half-arrived messages of a sender, because their room is needed.
    void give_up_all(Sender& sender);
    // Gives up messages whose next part did not come in time.
    void time_out();

private:
    bool add(Sender& sender, const Envelope& part);
    void give_up(Sender& sender, std::uint64_t sequence, Loss cause);
    void give_up_evicted();

    Books& books_;
    Ledger& ledger_;
    Dispatch& dispatch_;
    Turns& turns_;
    std::vector<Reassembly::Key> evicted_;
};

}  // namespace mailslot::post
