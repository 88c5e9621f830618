#include "post/senders.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

namespace mailslot::post {
namespace {

bool is_age_known(const Envelope& envelope) {
    return envelope.origin_age_ms < std::numeric_limits<std::uint32_t>::max();
}

// Returns true if a writer of that age can have sent so many messages.
bool is_as_old(const Envelope& envelope) {
    const std::chrono::milliseconds age(envelope.origin_age_ms);
    return !is_age_known(envelope) || envelope.sequence - 1 <= most_messages_within(age);
}

// Returns true if `sequence` was sent long before the first word that came of this sender, so that
// no message from then was taken here. While that first word waits for earlier words, nobody knows:
// false.
bool is_before(const Sender& first, std::uint64_t sequence) {
    if (first.window.counts(sequence) || (first.ahead && first.ahead->is_beginning)) return false;
    return first.window.standing(sequence) == SequenceWindow::Standing::too_old;
}

}  // namespace

Sender& Senders::hear(SlotBook& slot, const Parcel& parcel) {
    Sender& sender = find_or_add(slot, parcel);
    sender.acquaintance.heard(word_of(&sender, parcel));
    return sender;
}

Sender& Senders::find_or_add(SlotBook& slot, const Parcel& parcel) {
    const Envelope& envelope = parcel.envelope;
    const SenderKey key{&slot, envelope.origin};
    Sender* sender = books_.senders.find(key);
    if (sender == nullptr) {
        if (books_.senders.is_full()) make_room();
        sender = &books_.senders.add(key, first_that_counts(slot, envelope), envelope);
        // Drops before this sender began are not its losses.
        if (books_.drops.rose_at < began(envelope)) sender->kernel_drops = parcel.kernel_drops;
    }
    books_.senders.heard(*sender, books_.now.through_sleep);
    if (sender->host.empty()) {  // recalled by its numbers alone
        sender->host = envelope.from_host;
        sender->source = source_of(envelope);
    }
    return *sender;
}

void Senders::make_room() {
    turns_.let_go(books_.senders.least_recent(), kMaxSequence);
    dispatch_.put_all();                                  // may hold messages of that sender
    if (books_.senders.is_full()) forget_least_recent();  // else a slot went with all its senders
}

void Senders::forget_least_recent() {
    Sender& oldest = books_.senders.least_recent();
    parts_.give_up_all(oldest);
    SlotBook& slot = *oldest.key.slot;
    slot.forgot_until = std::max(slot.forgot_until, oldest.last_heard);
    books_.senders.remove(oldest);
    ++books_.counters.senders_forgotten;
    ++slot.counters.senders_forgotten;
}

// Returns when the writer began, by our clock.
Clock::Instant Senders::began(const Envelope& envelope) const {
    return books_.now.through_sleep - std::chrono::milliseconds(envelope.origin_age_ms);
}

// Returns the first number that is expected of this new sender: 1 if the slot has been open since
// the writer began, otherwise the number that came.
std::uint64_t Senders::first_that_counts(const SlotBook& slot, const Envelope& envelope) const {
    const Clock::Instant start = began(envelope);
    const bool was_listening = start >= slot.opened_at && start > slot.forgot_until;
    return is_age_known(envelope) && was_listening && is_as_old(envelope) ? 1 : envelope.sequence;
}

Acquaintance::Word Senders::word_of(const Sender* sender, const Parcel& parcel) const {
    const Envelope& envelope = parcel.envelope;
    const bool is_message = envelope.kind == Kind::message;
    return {.source = source_of(envelope),
            .first = envelope.sequence,
            .count = is_message ? parcel.size() : 0,
            .after_drops = sender != nullptr && parcel.kernel_drops > sender->kernel_drops,
            .came_at = books_.now.through_sleep};
}

std::uint64_t Senders::origin_of(SlotBook& slot, const Parcel& parcel) {
    const std::uint64_t origin = parcel.envelope.origin;
    Sender* const first = books_.senders.find({&slot, origin});
    if (first == nullptr) return origin;
    Acquaintance& known = first->acquaintance;
    const bool comes_before = is_before(*first, parcel.envelope.sequence);
    const bool is_near = known.is_near(parcel.envelope.sequence);
    const bool is_here = is_near && !comes_before;
    if (is_here && known.seconds().empty()) return origin;
    const Acquaintance::Word word = word_of(first, parcel);
    if (is_near && known.knows(word.source)) {
        take_claims_back(*first, word);
        return origin;
    }
    // A source that goes on with a second sender's numbers belongs to that sender.
    for (const Acquaintance::Second& each : known.seconds()) {
        const std::uint64_t number = each.origin;
        const Sender* const second = books_.senders.find({&slot, number});
        if (second == nullptr || !second->acquaintance.is_near(word.first)) continue;
        // If a second sender that began below has got to where the first sender began, the first
        // goes on.
        if (is_here && second->window.next() <= first->window.next()) continue;
        if (second->acquaintance.knows(word.source)) return number;
        if (!is_here && word.first + kRepeatWindow >= second->window.next()) return number;
    }
    if (is_here || (!comes_before && known.trusts(word) && known.is_plausible(word))) return origin;
    const std::uint64_t number = origin_of_second(origin, word.source);
    const Sender* const second = books_.senders.find({&slot, number});
    if (second == nullptr && comes_before && known.is_restored()) return origin;
    if (second == nullptr) return begin_second({&slot, origin}, number, parcel);
    known.add_second({.origin = number, .began_with = word.first});  // if an earlier office knew it
    if (!second->acquaintance.is_plausible(word)) begin_anew({&slot, number}, word.first);
    return number;
}

// Takes back what second senders have counted as lost if the first sender goes on with those numbers:
// they had not been sent. A word that was on its way when the second sender began proves nothing.
void Senders::take_claims_back(Sender& first, const Acquaintance::Word& word) {
    if (word.first < first.window.next()) return;
    for (Acquaintance::Second& claim : first.acquaintance.seconds()) {
        const bool goes_on =
            word.first < claim.began_with && word.came_at - claim.began_at >= kOrderPatience;
        if (claim.claimed == 0 || !goes_on) continue;
        Sender* const second = books_.senders.find({first.key.slot, claim.origin});
        if (second == nullptr || second->ahead) continue;  // forgotten, or not counted yet
        second->window.close_the_past();
        ledger_.take_gaps_back(*second, std::exchange(claim.claimed, 0));
    }
}

// Returns the origin of the second sender that this adds. A writer that has got another source goes
// on where it was. A claim that no writer can reach begins here: messages missing below are nobody's
// loss. If the first sender itself was forgotten to make room, the word is the first sender's.
std::uint64_t Senders::begin_second(const SenderKey& of_first, std::uint64_t number,
                                    const Parcel& parcel) {
    if (Sender* const first = books_.senders.find(of_first))
        books_.senders.heard(*first, books_.now.through_sleep);
    if (books_.senders.is_full()) make_room();
    Sender* const first = books_.senders.find(of_first);
    if (first == nullptr) return of_first.origin;
    const Envelope& envelope = parcel.envelope;
    const bool goes_on = envelope.sequence > first->window.next() && is_as_old(envelope) &&
                         first->acquaintance.is_plausible(word_of(first, parcel));
    const std::uint64_t next = goes_on ? first->window.next() : envelope.sequence;
    const std::uint64_t drops = goes_on ? first->kernel_drops : parcel.kernel_drops;
    first->acquaintance.add_second({.origin = number,
                                    .began_with = envelope.sequence,
                                    .claimed = goes_on ? envelope.sequence - next : 0,
                                    .began_at = books_.now.through_sleep});
    Sender& second = books_.senders.add({of_first.slot, number}, next, envelope);
    if (goes_on) second.window.close_the_past();
    second.kernel_drops = drops;
    return number;
}

// Makes a second sender begin again with `sequence`. The counters stay.
void Senders::begin_anew(const SenderKey& key, std::uint64_t sequence) {
    turns_.let_go(*books_.senders.find(key), kMaxSequence);
    dispatch_.put_all();  // may hold messages of this sender
    Sender* const second = books_.senders.find(key);
    if (second == nullptr) return;  // the slot went away
    parts_.give_up_all(*second);
    second->window = SequenceWindow(sequence);
    second->told_below = sequence;
    second->ways = Ways();
    second->acquaintance = Acquaintance();
}

}  // namespace mailslot::post
