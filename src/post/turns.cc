#include "post/turns.h"

#include <algorithm>
#include <chrono>
#include <memory>

namespace mailslot::post {
namespace {

using namespace std::chrono_literals;

// Copies of messages that were sent before a slot opened have come by then, or are lost.
constexpr auto kSlotIsNewFor = 1s;

bool is_message(const Parcel& parcel) { return parcel.envelope.kind == Kind::message; }

}  // namespace

void Turns::hear(Sender& sender, const Parcel& parcel) {
    if (begins_amid(sender, parcel)) {
        sender.ahead = std::make_unique<AllAhead>();
        sender.ahead->is_beginning = true;
    }
    const std::uint64_t sent = is_message(parcel) ? parcel.size() : 0;
    sender.ways.heard(parcel.way, parcel.envelope.sequence + sent, books_.now.awake);
}

// Returns true if the parcel brings the first words that a new slot hears of an older sender.
// Messages that came by this way before the slot opened may still come by another way.
bool Turns::begins_amid(const Sender& sender, const Parcel& parcel) const {
    const std::uint64_t sequence = parcel.envelope.sequence;
    const SequenceWindow& window = sender.window;
    if (!sender.ways.is_new() || sequence < 2 || sequence != window.next()) return false;
    if (parcel.way == 0 || parcel.envelope.kind == Kind::end || sender.received > 0) return false;
    if (window.standing(sequence - 1) != SequenceWindow::Standing::uncounted) return false;
    const SlotBook& slot = *sender.key.slot;
    return books_.now.through_sleep - std::max(slot.opened_at, slot.forgot_until) < kSlotIsNewFor;
}

bool Turns::is_ahead(const Sender& sender, const Parcel& parcel) const {
    if (sender.ahead && sender.ahead->is_beginning) return true;
    const std::uint64_t sequence = parcel.envelope.sequence;
    if (sequence <= sender.window.next()) return false;
    if (sender.key.slot->order == Order::as_it_comes) return false;
    return sender.ahead != nullptr || !sender.ways.have_passed(sequence, books_.now.awake);
}

void Turns::keep(Sender& sender, const Parcel& parcel, std::uint64_t drops_before) {
    const std::uint64_t first = parcel.envelope.sequence;
    if (parcel.envelope.kind == Kind::end) {
        books_.waiting.keep_word(sender, first, books_.now.awake, drops_before);
    } else if (WaitingRoom::has(sender, first, parcel.size())) {
        intake_.count_repeats(sender, parcel);
    } else {
        books_.waiting.keep(sender, parcel, books_.now.awake, drops_before);
    }
}

void Turns::let_go(Sender& sender, std::uint64_t through) {
    while (sender.ahead) {
        const AllAhead& all = *sender.ahead;
        const std::uint64_t first = all.by_number.begin()->first;
        const bool is_due = !all.is_beginning && (first <= sender.window.next() ||
                                                  sender.ways.have_passed(first, books_.now.awake));
        if (!is_due && first > through && !WaitingRoom::is_over(sender)) return;
        let_first_go(sender);
    }
}

// Lets the first entry go. Missing numbers below that entry are lost.
void Turns::let_first_go(Sender& sender) {
    if (dispatch_.slot() != sender.key.slot) dispatch_.put_all();
    const std::uint64_t first = sender.ahead->by_number.begin()->first;
    if (sender.ahead->is_beginning) {
        sender.ahead->is_beginning = false;
        sender.window = SequenceWindow(first);
        sender.told_below = first;
    }
    const Ahead& ahead = dispatch_.keep(books_.waiting.take_first(sender));
    ledger_.count_gap(sender, first, sender.kernel_drops > ahead.drops_before);
    if (!ahead.is_word_alone) intake_.take(sender, ahead.parcel);
}

void Turns::keep_within_bounds() {
    while (books_.waiting.is_over_in_all()) let_go(books_.waiting.longest(), kMaxSequence);
}

void Turns::end_waits() {
    const Clock::Instant now = books_.now.awake;
    for (auto due = books_.waiting.next_time_out(); due && *due <= now;
         due = books_.waiting.next_time_out()) {
        Sender& sender = books_.waiting.longest();
        sender.ways.waited_in_vain(sender.ahead->by_number.begin()->first);
        do {
            let_first_go(sender);
        } while (sender.ahead &&
                 sender.ahead->by_number.begin()->second.since + kOrderPatience <= now);
        let_go(sender);
    }
}

void Turns::let_all_go() {
    while (!books_.waiting.is_empty()) let_go(books_.waiting.longest(), kMaxSequence);
    dispatch_.put_all();
}

void Turns::take_copy(const Parcel& copy) {
    SlotBook* const slot = books_.slots.meant_by(copy.envelope.slot);
    if (slot == nullptr || slot->order != Order::kept) return;
    Sender* const sender = books_.senders.find({slot, copy.envelope.origin});
    if (sender == nullptr) return;
    books_.drops.note(copy, books_.now);
    sender->kernel_drops = std::max(sender->kernel_drops, copy.kernel_drops);
    sender->ways.heard(copy.way, copy.envelope.sequence, books_.now.awake);
    let_go(*sender);
}

}  // namespace mailslot::post
