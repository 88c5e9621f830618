// Brings the messages of a sender into order: docs/post-office.md, "Order".

#include <algorithm>

#include "post/post_office.h"

namespace mailslot::post {
namespace {

using namespace std::chrono_literals;

// Copies of messages that were sent before a slot opened have come by then, or are lost.
constexpr auto kSlotIsNewFor = 1s;

bool is_message(const Parcel& parcel) { return parcel.envelope.kind == Kind::message; }

}  // namespace

void PostOffice::slot_orders(std::string_view slot_key, Order order) {
    const auto found = open_.find(slot_key);
    if (found != open_.end()) found->second.order = order;
}

void PostOffice::hear_way(Sender& sender, const Parcel& parcel) {
    if (begins_amid(sender, parcel)) {
        sender.ahead = std::make_unique<AllAhead>();
        sender.ahead->is_beginning = true;
    }
    const std::uint64_t sent = is_message(parcel) ? parcel.size() : 0;
    sender.ways.heard(parcel.way, parcel.envelope.sequence + sent, now_);
}

// Returns true if the parcel brings the first words that a new slot hears of an older sender.
// Messages that came by this way before the slot opened may still come by another way.
bool PostOffice::begins_amid(const Sender& sender, const Parcel& parcel) const {
    const std::uint64_t sequence = parcel.envelope.sequence;
    const SequenceWindow& window = sender.window;
    if (!sender.ways.is_new() || sequence < 2 || sequence != window.next()) return false;
    if (parcel.way == 0 || parcel.envelope.kind == Kind::end || sender.received > 0) return false;
    if (window.standing(sequence - 1) != SequenceWindow::Standing::uncounted) return false;
    const SlotBook& slot = *sender.key.slot;
    return now_through_sleep_ - std::max(slot.opened_at, slot.forgot_until) < kSlotIsNewFor;
}

// Returns true if lower numbers are missing that may still come.
bool PostOffice::is_ahead(const Sender& sender, const Parcel& parcel) const {
    if (sender.ahead && sender.ahead->is_beginning) return true;
    const std::uint64_t sequence = parcel.envelope.sequence;
    if (sequence <= sender.window.next()) return false;
    if (sender.key.slot->order == Order::as_it_comes) return false;
    return sender.ahead != nullptr || !sender.ways.have_passed(sequence, now_);
}

void PostOffice::keep(Sender& sender, const Parcel& parcel, std::uint64_t drops_before) {
    const std::uint64_t first = parcel.envelope.sequence;
    if (parcel.envelope.kind == Kind::end) {
        return room_.keep_word(sender, first, now_, drops_before);
    }
    const bool is_here = WaitingRoom::has(sender, first, parcel.size());
    if (!is_message(parcel)) {
        if (!is_here) return keep_part(sender, parcel, drops_before);
        ++counters_.fragment_repeats;
    } else if (is_here) {
        count_repeats(sender, parcel);
    } else {
        room_.keep(sender, parcel, now_, drops_before);
    }
}

// Adds a part to its message, and keeps the part's word that all lower numbers were sent. A
// complete message waits for its turn.
void PostOffice::keep_part(Sender& sender, const Parcel& parcel, std::uint64_t drops_before) {
    const Envelope& part = parcel.envelope;
    room_.keep_word(sender, part.sequence, now_, drops_before);
    if (add_part(sender, part)) {
        const Parcel whole{reassembly_.take(sender.key, part.sequence), {}, 0, parcel.way};
        room_.keep(sender, whole, now_, drops_before);
    }
    give_up_evicted();
}

// Lets go, in order: entries that wait for nothing, entries with numbers up to `through`, and
// entries for which there is no room.
void PostOffice::let_go(Sender& sender, std::uint64_t through) {
    while (sender.ahead) {
        const AllAhead& all = *sender.ahead;
        const std::uint64_t first = all.by_number.begin()->first;
        const bool is_due = !all.is_beginning &&
                            (first <= sender.window.next() || sender.ways.have_passed(first, now_));
        if (!is_due && first > through && !WaitingRoom::is_over(sender)) return;
        let_first_go(sender);
    }
}

// Lets the first entry go. Missing numbers below that entry are lost.
void PostOffice::let_first_go(Sender& sender) {
    if (run_slot_ != sender.key.slot) flush();
    const std::uint64_t first = sender.ahead->by_number.begin()->first;
    if (sender.ahead->is_beginning) {
        sender.ahead->is_beginning = false;
        sender.window = SequenceWindow(first);
        sender.told_below = first;
    }
    const Ahead& ahead = gone_.emplace_back(room_.take_first(sender));
    count_gap(sender, first, sender.kernel_drops > ahead.drops_before);
    if (!ahead.is_word_alone) handle_messages(sender, ahead.parcel);
}

// Called in tick() and not in deliver(), because after a pause of this process other copies still
// lie unread in the sockets.
void PostOffice::end_waits() {
    for (auto due = room_.next_time_out(); due && *due <= now_; due = room_.next_time_out()) {
        Sender& sender = room_.longest();
        sender.ways.waited_in_vain(sender.ahead->by_number.begin()->first);
        do {
            let_first_go(sender);
        } while (sender.ahead &&
                 sender.ahead->by_number.begin()->second.since + kOrderPatience <= now_);
        let_go(sender);
    }
}

void PostOffice::let_all_go() {
    look_at_clock();
    while (!room_.is_empty()) let_go(room_.longest(), kMaxSequence);
    flush();
}

// Takes a copy, which brings nothing new but shows how far its way has come.
void PostOffice::take_copy(const Parcel& copy) {
    SlotBook* const slot = find_slot(copy.envelope.slot);
    if (slot == nullptr || slot->order != Order::kept) return;
    Sender* const sender = book_.find({slot, copy.envelope.origin});
    if (sender == nullptr) return;
    note_drops(copy);
    sender->kernel_drops = std::max(sender->kernel_drops, copy.kernel_drops);
    sender->ways.heard(copy.way, copy.envelope.sequence, now_);
    let_go(*sender);
}

}  // namespace mailslot::post
