// Decides which sender a word belongs to. A stranger with a writer's origin, but with numbers far
// from the writer's, does not move that writer: docs/post-office.md, "Whose word counts".

#include <limits>

#include "post/post_office.h"

namespace mailslot::post {

Clock::Instant PostOffice::began(const Envelope& envelope) const {
    return now_through_sleep_ - std::chrono::milliseconds(envelope.origin_age_ms);
}

bool PostOffice::is_age_known(const Envelope& envelope) {
    return envelope.origin_age_ms < std::numeric_limits<std::uint32_t>::max();
}

// Returns true if a writer of that age can have sent so many messages.
bool PostOffice::is_as_old(const Envelope& envelope) {
    const std::chrono::milliseconds age(envelope.origin_age_ms);
    return !is_age_known(envelope) || envelope.sequence - 1 <= most_messages_within(age);
}

// Returns the first number that is expected of this new sender: 1 if the slot has been open since
// the writer began, otherwise the number that came.
std::uint64_t PostOffice::first_that_counts(const SlotBook& slot, const Envelope& envelope) const {
    const Clock::Instant start = began(envelope);
    const bool was_listening = start >= slot.opened_at && start > slot.forgot_until;
    return is_age_known(envelope) && was_listening && is_as_old(envelope) ? 1 : envelope.sequence;
}

Acquaintance::Word PostOffice::word_of(const Sender* sender, const Parcel& parcel) const {
    const Envelope& envelope = parcel.envelope;
    const bool is_message = envelope.kind == Kind::message;
    return {.address = envelope.from_address,
            .first = envelope.sequence,
            .count = is_message ? parcel.size() : 0,
            .after_drops = sender != nullptr && parcel.kernel_drops > sender->kernel_drops,
            .came_at = now_through_sleep_};
}

// Returns true if `sequence` was sent long before the first word that came of this sender, so that
// no message from then was taken here. While that first word waits for earlier words, nobody knows:
// false.
bool PostOffice::is_before(const Sender& first, std::uint64_t sequence) {
    if (first.window.counts(sequence) || (first.ahead && first.ahead->is_beginning)) return false;
    return first.window.standing(sequence) == SequenceWindow::Standing::too_old;
}

// Returns the writer's own origin, or the origin of a second sender.
std::uint64_t PostOffice::origin_in_books(SlotBook& slot, const Parcel& parcel) {
    const std::uint64_t origin = parcel.envelope.origin;
    Sender* const first = book_.find({&slot, origin});
    if (first == nullptr) return origin;
    const Acquaintance& known = first->acquaintance;
    const bool comes_before = is_before(*first, parcel.envelope.sequence);
    const bool is_near = known.is_near(parcel.envelope.sequence);
    const bool is_here = is_near && !comes_before;
    if (is_here && known.seconds().empty()) return origin;
    if (is_near && known.knows(parcel.envelope.from_address)) return origin;
    const Acquaintance::Word word = word_of(first, parcel);
    // An address that goes on with a second sender's numbers belongs to that sender.
    for (const std::uint64_t number : known.seconds()) {
        const Sender* const second = book_.find({&slot, number});
        if (second == nullptr || !second->acquaintance.is_near(word.first)) continue;
        // If a second sender that began below has got to where the first sender began, the first
        // goes on.
        if (is_here && second->window.next() <= first->window.next()) continue;
        if (second->acquaintance.knows(word.address)) return number;
        if (!is_here && word.first + kRepeatWindow >= second->window.next()) return number;
    }
    if (is_here || (!comes_before && known.trusts(word) && known.is_plausible(word))) return origin;
    const std::uint64_t number = origin_of_second(origin, word.address);
    const Sender* const second = book_.find({&slot, number});
    if (second == nullptr && comes_before && known.is_restored()) return origin;
    if (second == nullptr) return begin_second({&slot, origin}, number, parcel);
    first->acquaintance.add_second(number);  // perhaps known to an earlier office
    if (!second->acquaintance.is_plausible(word)) begin_anew({&slot, number}, word.first);
    return number;
}

// Returns the origin of the second sender that this adds. A writer that has got another address
// goes on where it was. A claim that no writer can reach begins here: messages missing below are
// nobody's loss. If the first sender itself was forgotten to make room, the word is the first
// sender's.
std::uint64_t PostOffice::begin_second(const SenderKey& of_first, std::uint64_t number,
                                       const Parcel& parcel) {
    if (Sender* const first = book_.find(of_first)) book_.heard(*first, now_through_sleep_);
    if (book_.is_full()) make_room_for_sender();
    Sender* const first = book_.find(of_first);
    if (first == nullptr) return of_first.origin;
    const Envelope& envelope = parcel.envelope;
    const bool goes_on = envelope.sequence > first->window.next() && is_as_old(envelope) &&
                         first->acquaintance.is_plausible(word_of(first, parcel));
    const std::uint64_t next = goes_on ? first->window.next() : envelope.sequence;
    const std::uint64_t drops = goes_on ? first->kernel_drops : parcel.kernel_drops;
    first->acquaintance.add_second(number);
    Sender& second = book_.add({of_first.slot, number}, next, envelope);
    if (goes_on) second.window.close_the_past();
    second.kernel_drops = drops;
    return number;
}

// Makes a second sender begin again with `sequence`. The counters stay.
void PostOffice::begin_anew(const SenderKey& key, std::uint64_t sequence) {
    let_go(*book_.find(key), kMaxSequence);
    flush();  // the run may hold messages of this sender
    Sender* const second = book_.find(key);
    if (second == nullptr) return;  // the slot went away
    for (const std::uint64_t half : reassembly_.drop_all(key)) {
        give_up(*second, half, &Losses::over_limit);
    }
    second->window = SequenceWindow(sequence);
    second->told_below = sequence;
    second->ways = Ways();
    second->acquaintance = Acquaintance();
}

}  // namespace mailslot::post
