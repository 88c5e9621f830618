// Lets the messages of a sender take turns by their numbers: a message that comes early waits for
// those before. Rules: docs/post-office.md, "Order". Pure.
// Threads: one at a time.
#pragma once

#include <cstdint>

#include "model/parcel.h"
#include "post/books.h"
#include "post/dispatch.h"
#include "post/intake.h"
#include "post/ledger.h"

namespace mailslot::post {

class Turns {
public:
    Turns(Books& books, Ledger& ledger, Dispatch& dispatch, Intake& intake)
        : books_(books), ledger_(ledger), dispatch_(dispatch), intake_(intake) {}

    // Notes by which way a parcel came, and how far its sender has sent by that way.
    void hear(Sender& sender, const Parcel& parcel);
    // Takes a copy, which brings nothing new but shows how far its way has come.
    void take_copy(const Parcel& copy);

    // Returns true if lower numbers are missing that may still come.
    bool is_ahead(const Sender& sender, const Parcel& parcel) const;
    // Keeps messages, or an end, until their turn.
    void keep(Sender& sender, const Parcel& parcel, std::uint64_t drops_before);

    // Lets go, in order: entries that wait for nothing, entries with numbers up to `through`, and
    // entries for which there is no room.
    void let_go(Sender& sender, std::uint64_t through = 0);
    // Lets messages go until there is room for all others.
    void keep_within_bounds();
    // Lets messages go that have waited long enough. Called in tick() and not in deliver(), because
    // after a pause of this process other copies still lie unread in the sockets.
    void end_waits();
    void let_all_go();

private:
    bool begins_amid(const Sender& sender, const Parcel& parcel) const;
    void let_first_go(Sender& sender);

    Books& books_;
    Ledger& ledger_;
    Dispatch& dispatch_;
    Intake& intake_;
};

}  // namespace mailslot::post
