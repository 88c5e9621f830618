#include "post/parts.h"

#include "base/check.h"

namespace mailslot::post {

using Standing = SequenceWindow::Standing;

void Parts::take(Sender& sender, const Envelope& part) {
    Standing standing = sender.window.standing(part.sequence);
    if (standing == Standing::arrived || standing == Standing::too_old) {
        ++books_.counters.fragment_repeats;
        return;
    }
    standing = ledger_.revive(sender, part.sequence, standing);
    if (add(sender, part)) {
        ledger_.arrived(sender, part.sequence, standing);
        dispatch_.gather(sender, {books_.half_arrived.take(sender.key, part.sequence)});
        dispatch_.put_all();  // the payload is lent until the next take()
    }
    give_up_evicted();
}

void Parts::take_ahead(Sender& sender, const Parcel& parcel, std::uint64_t drops_before) {
    const Envelope& part = parcel.envelope;
    if (WaitingRoom::has(sender, part.sequence, parcel.size())) {
        ++books_.counters.fragment_repeats;
        return;
    }
    const Clock::Instant now = books_.now.awake;
    books_.waiting.keep_word(sender, part.sequence, now, drops_before);
    if (add(sender, part)) {
        const Parcel whole{books_.half_arrived.take(sender.key, part.sequence), {}, 0, parcel.way};
        books_.waiting.keep(sender, whole, now, drops_before);
    }
    give_up_evicted();
}

// Returns true if the part completes the message.
bool Parts::add(Sender& sender, const Envelope& part) {
    evicted_.clear();
    const Reassembly::Outcome outcome =
        books_.half_arrived.add(sender.key, part, books_.now.awake, evicted_);
    if (outcome == Reassembly::Outcome::differs) ++books_.counters.bad_fragments;
    if (outcome == Reassembly::Outcome::copy) ++books_.counters.fragment_repeats;
    return outcome == Reassembly::Outcome::complete;
}

void Parts::restore(Sender& sender, const Envelope& part, Clock::Instant last_part) {
    evicted_.clear();
    const auto outcome = books_.half_arrived.add(sender.key, part, last_part, evicted_);
    // A complete message would have been in the slot.
    if (outcome == Reassembly::Outcome::complete) {
        books_.half_arrived.drop(sender.key, part.sequence);
    }
    give_up_evicted();
}

void Parts::give_up_evicted() {
    for (const Reassembly::Key& key : evicted_) {
        // Null if the slot's reader was gone when the complete message was put.
        Sender* const its_sender = books_.senders.find(key.sender);
        if (its_sender != nullptr) give_up(*its_sender, key.sequence, &Losses::over_limit);
    }
}

// Counts a message as lost whose parts were dropped.
void Parts::give_up(Sender& sender, std::uint64_t sequence, Loss cause) {
    if (sender.ahead) turns_.let_go(sender, sequence);
    ledger_.give_up(sender, sequence, cause);
}

void Parts::give_up_all(Sender& sender) {
    for (const std::uint64_t sequence : books_.half_arrived.drop_all(sender.key)) {
        give_up(sender, sequence, &Losses::over_limit);
    }
}

void Parts::time_out() {
    while (const auto late = books_.half_arrived.take_timed_out(books_.now.awake)) {
        Sender* const sender = books_.senders.find(late->sender);
        MAILSLOT_CHECK(sender != nullptr);
        give_up(*sender, late->sequence, &Losses::fragment_timed_out);
    }
}

}  // namespace mailslot::post
