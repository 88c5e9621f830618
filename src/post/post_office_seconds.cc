// Which sender a word is of: whoever claims an origin from elsewhere, far from where its writer is,
// does not move that writer. docs/post-office.md, "Whose word counts".

#include <limits>

#include "post/post_office.h"

namespace mailslot::post {

Clock::Instant PostOffice::began(const Envelope& envelope) const {
    return now_through_sleep_ - std::chrono::milliseconds(envelope.origin_age_ms);
}

bool PostOffice::is_age_known(const Envelope& envelope) {
    return envelope.origin_age_ms < std::numeric_limits<std::uint32_t>::max();
}

// Whether a writer of that age can have sent all that.
bool PostOffice::is_as_old(const Envelope& envelope) {
    const std::chrono::milliseconds age(envelope.origin_age_ms);
    return !is_age_known(envelope) || envelope.sequence - 1 <= most_messages_within(age);
}

// The number from which on this new sender's messages are expected: its first, where the slot was
// open all the time since; else the one that came.
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

// Whether that was sent long before the first word of this sender that came, so that nothing of it
// was taken here. While that word waits for earlier ones nobody knows.
bool PostOffice::is_before(const Sender& first, std::uint64_t sequence) {
    if (first.window.counts(sequence) || (first.ahead && first.ahead->is_beginning)) return false;
    return first.window.standing(sequence) == SequenceWindow::Standing::too_old;
}

// The writer's own number, or that of a second sender.
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
    // An address that goes on with another sender's numbers is that one's.
    for (const std::uint64_t number : known.seconds()) {
        const Sender* const second = book_.find({&slot, number});
        if (second == nullptr || !second->acquaintance.is_near(word.first)) continue;
        // One that began below has got to where the first sender began: that one goes on.
        if (is_here && second->window.next() <= first->window.next()) continue;
        if (second->acquaintance.knows(word.address)) return number;
        if (!is_here && word.first + kRepeatWindow >= second->window.next()) return number;
    }
    if (is_here || (!comes_before && known.trusts(word) && known.is_plausible(word))) return origin;
    const std::uint64_t number = origin_of_second(origin, word.address);
    const Sender* const second = book_.find({&slot, number});
    if (second == nullptr && comes_before && known.is_restored()) return origin;
    if (second == nullptr) return begin_second({&slot, origin}, number, parcel);
    first->acquaintance.add_second(number);  // it may be one that an earlier office knew
    if (!second->acquaintance.is_plausible(word)) begin_anew({&slot, number}, word.first);
    return number;
}

// A writer that has got another address goes on where it was, and one that claims what no writer
// can have sent begins here: what is missing below is nobody's loss. Its number; where the first
// sender itself was forgotten, or had to make room, it is the first one now.
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

// Its counters stay.
void PostOffice::begin_anew(const SenderKey& key, std::uint64_t sequence) {
    let_go(*book_.find(key), kMaxSequence);
    flush();  // the run may hold messages of it
    Sender* const second = book_.find(key);
    if (second == nullptr) return;  // its slot went
    for (const std::uint64_t half : reassembly_.drop_all(key)) {
        give_up(*second, half, Loss::over_limit);
    }
    second->window = SequenceWindow(sequence);
    second->told_below = sequence;
    second->ways = Ways();
    second->acquaintance = Acquaintance();
}

}  // namespace mailslot::post
