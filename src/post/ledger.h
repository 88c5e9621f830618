// Counts losses: of each sender, of each slot, of all. Rules: docs/post-office.md, "Losses". Pure.
// Threads: one at a time.
#pragma once

#include <cstdint>

#include "post/books.h"
#include "post/slots.h"

namespace mailslot::post {

class Ledger {
public:
    Ledger(Books& books, Slots& slots) : books_(books), slots_(slots) {}

    // Counts the numbers missing below `sequence` as lost: they were sent, and the gap is certain.
    // The missing messages were on their way between the sender's last parcel before the gap and the
    // moment when the gap became certain. `dropped`: the kernel dropped something at our sockets in
    // that time.
    void count_gap(Sender& sender, std::uint64_t sequence, bool dropped);
    void count_loss(Sender& sender, Loss cause, std::uint64_t count);
    // Counts a message as lost whose parts were dropped.
    void give_up(Sender& sender, std::uint64_t sequence, Loss cause);
    // Makes a number that had been given up missing again, because a part of the message came after
    // all. Returns the number's new standing.
    SequenceWindow::Standing revive(Sender& sender, std::uint64_t sequence,
                                    SequenceWindow::Standing standing);
    // Marks `sequence` as here, whole, and takes its loss back.
    void arrived(Sender& sender, std::uint64_t sequence, SequenceWindow::Standing standing);
    // Takes back gaps of a sender that were none: the messages had not been sent.
    void take_gaps_back(Sender& sender, std::uint64_t count);

private:
    void take_gap_back(Sender& sender, std::uint64_t sequence, Loss told);
    void move_loss(Sender& sender, Loss from, Loss to);

    Books& books_;
    Slots& slots_;
};

}  // namespace mailslot::post
