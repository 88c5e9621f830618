// Decides which sender a word belongs to. A stranger with a writer's origin, but with numbers far
// from the writer's, does not move that writer: docs/post-office.md, "Whose word counts". Pure.
// Threads: one at a time.
#pragma once

#include <cstdint>

#include "model/parcel.h"
#include "post/acquaintance.h"
#include "post/books.h"
#include "post/dispatch.h"
#include "post/ledger.h"
#include "post/parts.h"
#include "post/turns.h"

namespace mailslot::post {

class Senders {
public:
    Senders(Books& books, Ledger& ledger, Dispatch& dispatch, Turns& turns, Parts& parts)
        : books_(books), ledger_(ledger), dispatch_(dispatch), turns_(turns), parts_(parts) {}

    // Returns the origin under which the parcel's sender stands in the books: the writer's own, or
    // that of a second sender.
    std::uint64_t origin_of(SlotBook& slot, const Parcel& parcel);
    // Returns the sender of a parcel with that origin, new or known, and notes the parcel's word.
    Sender& hear(SlotBook& slot, const Parcel& parcel);

private:
    Sender& find_or_add(SlotBook& slot, const Parcel& parcel);
    void make_room();
    void forget_least_recent();
    Clock::Instant began(const Envelope& envelope) const;
    std::uint64_t first_that_counts(const SlotBook& slot, const Envelope& envelope) const;
    Acquaintance::Word word_of(const Sender* sender, const Parcel& parcel) const;
    std::uint64_t begin_second(const SenderKey& of_first, std::uint64_t number,
                               const Parcel& parcel);
    void begin_anew(const SenderKey& key, std::uint64_t sequence);
    void take_claims_back(Sender& first, const Acquaintance::Word& word);

    Books& books_;
    Ledger& ledger_;
    Dispatch& dispatch_;
    Turns& turns_;
    Parts& parts_;
};

}  // namespace mailslot::post
