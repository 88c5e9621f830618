// Takes messages whose turn has come: drops repeats, and passes new messages on to their slot. Pure.
// Threads: one at a time.
#pragma once

#include <cstdint>

#include "model/parcel.h"
#include "post/books.h"
#include "post/dispatch.h"
#include "post/ledger.h"
#include "post/recent_times.h"

namespace mailslot::post {

class Intake {
public:
    Intake(Books& books, Ledger& ledger, Dispatch& dispatch)
        : books_(books), ledger_(ledger), dispatch_(dispatch) {}

    // Takes messages at once if all are new or all are repeats. The window's `next` must be at least
    // the number of the first message.
    void take(Sender& sender, const Parcel& parcel);
    void count_repeats(Sender& sender, const Parcel& repeats);
    // Messages dropped as repeats although they were none: another message of the origin had the
    // number.
    std::uint64_t origin_conflicts() const { return origin_conflicts_; }

private:
    void take_one(Sender& sender, const Envelope& message);
    void drop_parts(Sender& sender, std::uint64_t first, std::uint64_t count);
    void note_time(const Parcel& parcel);

    Books& books_;
    Ledger& ledger_;
    Dispatch& dispatch_;
    RecentTimes times_;
    std::uint64_t origin_conflicts_ = 0;
};

}  // namespace mailslot::post
