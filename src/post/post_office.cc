// Each parcel passes these stages, after docs/post-office.md, "The way of an envelope":
// 1. Admission::look_at (admission.cc): is the parcel for this machine, new here, and well-formed?
// 2. OpenSlots::meant_by (open_slots.cc): is the slot open, and does the slot trust the parcel?
// 3. Senders (senders.cc): whose words are they?
// 4. Turns (turns.cc): do lower numbers miss that may still come? Then the parcel waits.
// 5. Ledger::count_gap (ledger.cc): lower numbers that miss now are lost.
// 6. Intake (intake.cc) drops repeats; Parts (parts.cc) puts fragments together.
// 7. Dispatch (dispatch.cc) puts the messages into the slot, and counts those that the slot refuses.

#include "post/post_office.h"

#include <algorithm>
#include <utility>

#include "post/book_records.h"

namespace mailslot::post {

PostOffice::PostOffice(Identity identity, const Clock& clock, Slots& slots, const Limits& limits)
    : clock_(clock),
      slots_(slots),
      admission_(std::move(identity)),
      books_(std::max<std::size_t>(limits.senders, 1), limits.reassembly),
      ledger_(books_, slots),
      dispatch_(books_, ledger_, slots, {limits.sender_rate, limits.slot_rate}),
      intake_(books_, ledger_, dispatch_),
      turns_(books_, ledger_, dispatch_, intake_),
      parts_(books_, ledger_, dispatch_, turns_),
      senders_(books_, ledger_, dispatch_, turns_, parts_) {}

void PostOffice::deliver(std::span<const Parcel> arrived) {
    look_at_clock();
    for (const Parcel& parcel : arrived) take(parcel);
    turns_.keep_within_bounds();
    dispatch_.put_all();
}

bool PostOffice::takes(const Parcel& parcel) {
    const Envelope& envelope = parcel.envelope;
    const SlotBook* const slot = books_.slots.meant_by(envelope.slot);
    return slot != nullptr && envelope.trust >= slot->require &&
           admission_.is_meant(envelope, clock_.now());
}

void PostOffice::look_at_clock() { books_.now = {clock_.now(), clock_.now_through_sleep()}; }

void PostOffice::take(const Parcel& parcel) {
    const Envelope& envelope = parcel.envelope;
    if (parcel.size() > 1 && envelope.sequence > kMaxSequence - parcel.size()) {
        // Only some of the numbers may be valid, so each message goes by itself.
        return parcel.for_each([&](const Envelope& message) {
            take({message, {}, parcel.kernel_drops, parcel.way});
        });
    }
    if (envelope.kind == Kind::copy) return turns_.take_copy(parcel);
    books_.drops.note(parcel, books_.now);
    books_.counters.envelopes += parcel.size();
    if (!admits(parcel)) return;
    SlotBook* const slot = books_.slots.meant_by(envelope.slot);
    if (slot == nullptr) return count_no_such_slot(parcel);
    if (envelope.trust < slot->require || admission_.lacks_seal(envelope)) {
        return books_.refuse(*slot, parcel);
    }
    if (slot != dispatch_.slot()) dispatch_.put_all();
    const std::uint64_t origin = senders_.origin_of(*slot, parcel);
    if (origin == envelope.origin) return handle(*slot, parcel);
    Parcel of_second = parcel;
    of_second.envelope.origin = origin;
    handle(*slot, of_second);
}

bool PostOffice::admits(const Parcel& parcel) {
    using Verdict = Admission::Verdict;
    OfficeCounters& counters = books_.counters;
    switch (admission_.look_at(parcel, books_.now.awake)) {
        case Verdict::admitted:
            return true;
        case Verdict::query:
            counters.ignored += parcel.size();
            slots_.answer(parcel.envelope);
            return false;
        case Verdict::ignored:
            counters.ignored += parcel.size();
            return false;
        case Verdict::own:
            counters.own += parcel.size();
            return false;
        case Verdict::not_for_us:
            counters.not_for_us += parcel.size();
            return false;
        case Verdict::bad:
            counters.bad += parcel.size();
            return false;
        case Verdict::bad_fragment:
            ++counters.bad_fragments;
            return false;
    }
    return false;
}

void PostOffice::count_no_such_slot(const Parcel& parcel) {
    const Envelope& envelope = parcel.envelope;
    const bool is_first_part = envelope.kind == Kind::fragment && envelope.offset == 0;
    if (envelope.kind != Kind::message && !is_first_part) return;
    books_.counters.no_such_slot += parcel.size();
}

void PostOffice::handle(SlotBook& slot, const Parcel& parcel) {
    const Envelope& envelope = parcel.envelope;
    // A writer that ends without having sent anything leaves no trace.
    if (envelope.kind == Kind::end && envelope.sequence == 1) return;
    Sender& sender = senders_.hear(slot, parcel);
    const std::uint64_t drops_before = sender.kernel_drops;
    sender.kernel_drops = std::max(drops_before, parcel.kernel_drops);
    if (slot.order == Order::kept) turns_.hear(sender, parcel);
    if (!turns_.is_ahead(sender, parcel)) {
        handle_in_turn(sender, parcel, sender.kernel_drops > drops_before);
    } else if (envelope.kind == Kind::fragment) {
        parts_.take_ahead(sender, parcel, drops_before);
    } else {
        turns_.keep(sender, parcel, drops_before);
    }
    if (books_.waiting.is_empty()) return;
    // The slot's reader may have turned out to be gone, and the sender with the slot.
    Sender* const still_there = books_.senders.find({&slot, envelope.origin});
    if (still_there != nullptr) turns_.let_go(*still_there);
}

void PostOffice::handle_in_turn(Sender& sender, const Parcel& parcel, bool dropped) {
    ledger_.count_gap(sender, parcel.envelope.sequence, dropped);
    if (parcel.envelope.kind == Kind::message) intake_.take(sender, parcel);
    if (parcel.envelope.kind == Kind::fragment) parts_.take(sender, parcel.envelope);
}

void PostOffice::tick() {
    look_at_clock();
    turns_.end_waits();
    parts_.time_out();
    dispatch_.put_all();
}

std::optional<Clock::Instant> PostOffice::next_tick() const {
    const auto part = books_.half_arrived.next_time_out(), ahead = books_.waiting.next_time_out();
    return part && ahead ? std::min(part, ahead) : part ? part : ahead;
}

// ---- Slots

void PostOffice::slot_opened(std::string_view slot_key) {
    slot_taken_over(slot_key, clock_.now_through_sleep());
}

void PostOffice::slot_taken_over(std::string_view slot_key, Clock::Instant open_since) {
    forget_slot(slot_key);
    books_.slots.open(slot_key, open_since);
}

void PostOffice::recall_sender(std::string_view slot_key, std::uint64_t origin,
                               std::uint64_t next) {
    look_at_clock();
    if (SlotBook* const slot = books_.slots.find(slot_key)) books_.recall(*slot, origin, next);
}

void PostOffice::slot_requires(std::string_view slot_key, Trust require) {
    if (SlotBook* const slot = books_.slots.find(slot_key)) slot->require = require;
}

void PostOffice::slot_orders(std::string_view slot_key, Order order) {
    if (SlotBook* const slot = books_.slots.find(slot_key)) slot->order = order;
}

void PostOffice::forget_slot(std::string_view slot_key) {
    SlotBook* const slot = books_.slots.find(slot_key);
    if (slot == nullptr) return;
    books_.clear(*slot);
    books_.slots.close(*slot);
}

// ---- Handing over, and reports

void PostOffice::let_all_go() {
    look_at_clock();
    turns_.let_all_go();
}

void PostOffice::write_books(wire::OfficeStateWriter& out) const {
    post::write_books(out, books_, admission_.ids(), slots_);
}

std::map<std::string, std::uint64_t, std::less<>> PostOffice::take_books(
    Bytes books, const std::function<void(const wire::SealerState&)>& take_sealer) {
    look_at_clock();
    return BookReader(books_, admission_.ids(), parts_).read(books, take_sealer);
}

SlotCounters PostOffice::counters(std::string_view slot_key) const {
    const SlotBook* const slot = books_.slots.find(slot_key);
    return slot != nullptr ? counters_of(*slot) : SlotCounters{};
}

SenderPage PostOffice::senders(std::string_view slot_key, std::uint64_t from,
                               std::size_t most) const {
    const SlotBook* const slot = books_.slots.find(slot_key);
    return slot != nullptr ? page_of(*slot, from, most) : SenderPage{};
}

}  // namespace mailslot::post
