// Handles the parts of half-arrived messages.

#include "post/post_office.h"

namespace mailslot::post {

using Standing = SequenceWindow::Standing;

void PostOffice::handle_fragment(Sender& sender, const Envelope& fragment) {
    Standing standing = sender.window.standing(fragment.sequence);
    if (standing == Standing::arrived || standing == Standing::too_old) {
        ++counters_.fragment_repeats;
        return;
    }
    standing = revive(sender, fragment.sequence, standing);
    if (add_part(sender, fragment)) {
        accept(sender, fragment.sequence, standing);
        stage(sender, {reassembly_.take(sender.key, fragment.sequence)});
        flush();  // the payload is lent until the next take()
    }
    give_up_evicted();
}

// Returns true if the fragment completes the message.
bool PostOffice::add_part(Sender& sender, const Envelope& fragment) {
    evicted_.clear();
    const Reassembly::Outcome outcome = reassembly_.add(sender.key, fragment, now_, evicted_);
    if (outcome == Reassembly::Outcome::differs) ++counters_.bad_fragments;
    if (outcome == Reassembly::Outcome::copy) ++counters_.fragment_repeats;
    return outcome == Reassembly::Outcome::complete;
}

void PostOffice::give_up_evicted() {
    for (const Reassembly::Key& key : evicted_) {
        // Null if the slot's reader was gone when the complete message was put.
        Sender* const its_sender = book_.find(key.sender);
        if (its_sender != nullptr) give_up(*its_sender, key.sequence, &Losses::over_limit);
    }
}

// Drops parts of messages that came whole after all, by another carrier. Only the first message,
// and messages whose word is kept in `ahead`, can be half here.
void PostOffice::drop_parts(Sender& sender, std::uint64_t first, std::uint64_t count) {
    reassembly_.drop(sender.key, first);
    if (!sender.ahead) return;
    const auto& all = sender.ahead->by_number;
    for (auto ahead = all.upper_bound(first); ahead != all.end(); ++ahead) {
        if (ahead->first - first >= count) break;
        reassembly_.drop(sender.key, ahead->first);
    }
}

// Counts a message as lost whose parts were dropped.
void PostOffice::give_up(Sender& sender, std::uint64_t sequence, Loss cause) {
    if (sender.ahead) let_go(sender, sequence);
    SequenceWindow& window = sender.window;
    if (!window.counts(sequence)) return;
    const Standing standing = window.standing(sequence);
    if (standing == Standing::ahead) {
        window.advance_to(sequence + 1);
        count_loss(sender, cause, 1);
    } else {
        const bool was_dropped = standing == Standing::dropped;
        move_loss(sender,
                  gap_counted_as(sender, was_dropped ? &Losses::kernel_drop : &Losses::network_gap),
                  cause);
    }
    window.set_given_up(sequence, cause);
}

}  // namespace mailslot::post
