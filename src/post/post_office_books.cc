// Writes the books of a post office for its successor, and reads them.

#include <unordered_map>

#include "base/check.h"
#include "model/losses.h"
#include "post/post_office.h"
#include "wire/office_state.h"

namespace mailslot::post {
namespace {

std::int64_t to_ticks(Clock::Instant instant) { return instant.time_since_epoch().count(); }
Clock::Instant from_ticks(std::int64_t ticks) {
    return Clock::Instant(Clock::Instant::duration(ticks));
}

// Lists the counters for both directions. `each` gets a reference to each number.
template <class Counters, class F>
void for_each_number(Counters& counters, F&& each) requires requires {
    counters.envelopes;
}
{
    for (const OfficeCounter& counter : kOfficeCounters) {
        if (!counter.is_level) each(counters.*counter.count);
    }
    for_each_loss(counters.lost, each);
}

template <class Counters, class F>
void for_each_number(Counters& counters, F&& each) requires requires {
    counters.received;
}
{
    each(counters.received), each(counters.repeats), each(counters.too_old);
    each(counters.senders_forgotten);
    for_each_loss(counters.lost, each);
}

// A new counter of a slot must be added above. (One of them is looked up, not kept.)
static_assert(sizeof(SlotCounters) == sizeof(wire::SlotState::counters) + sizeof(std::uint64_t));

template <class Counters, class Numbers>
void save(const Counters& counters, Numbers& numbers) {
    std::size_t i = 0;
    for_each_number(counters, [&](std::uint64_t number) { numbers[i++] = number; });
    MAILSLOT_CHECK(i == numbers.size());
}

template <class Counters, class Numbers>
void restore(Counters& counters, const Numbers& numbers) {
    std::size_t i = 0;
    for_each_number(counters, [&](std::uint64_t& number) { number = numbers[i++]; });
}

wire::SenderState to_state(const Sender& sender) {
    wire::SenderState state;
    sender.window.save(state);
    state.origin = sender.key.origin;
    state.last_heard = to_ticks(sender.last_heard);
    state.received = sender.received;
    std::size_t i = 0;
    for_each_loss(sender.lost, [&](std::uint64_t number) { state.lost[i++] = number; });
    state.repeats = sender.repeats;
    state.lost_untold = sender.lost_untold;
    state.told_then_arrived = sender.told_then_arrived;
    state.told_below = sender.told_below;
    state.address = sender.address;
    state.host = sender.host;
    return state;
}

}  // namespace

void PostOffice::write_books(wire::OfficeStateWriter& out) const {
    wire::OfficeNumbers numbers;
    save(counters_, numbers);
    out.put(numbers);
    std::unordered_map<const SlotBook*, std::vector<wire::PartState>> parts;
    reassembly_.each_part(
        [&](const Reassembly::Key& key, Clock::Instant last_part, const Envelope& part) {
            parts[key.sender.slot].push_back({to_ticks(last_part), part});
        });
    out.put(ids_.save());
    for (const auto& [key, slot] : open_) {
        wire::SlotState state{slots_.memory_of(key), to_ticks(slot.opened_at),
                              to_ticks(slot.forgot_until)};
        save(slot.counters, state.counters);
        state.key = key;
        out.put(state);
        for (const auto& [number, sender] : slot.senders) out.put(to_state(*sender));
        for (const wire::PartState& part : parts[&slot]) out.put(part);
    }
}

std::map<std::string, std::uint64_t, std::less<>> PostOffice::take_books(
    Bytes books, const std::function<void(const wire::SealerState&)>& take_sealer) {
    look_at_clock();
    std::map<std::string, std::uint64_t, std::less<>> memories;
    SlotBook* slot = nullptr;
    wire::OfficeStateVisitor visitor;
    visitor.counters = [this](const wire::OfficeNumbers& numbers) {
        restore(counters_, numbers);
        return true;
    };
    visitor.slot = [&](const wire::SlotState& state) {
        slot_taken_over(state.key, std::min(now_through_sleep_, from_ticks(state.opened_at)));
        slot = &open_.find(state.key)->second;
        slot->forgot_until = std::min(now_through_sleep_, from_ticks(state.forgot_until));
        restore(slot->counters, state.counters);
        return memories.emplace(state.key, state.memory).second;
    };
    visitor.sender = [&](const wire::SenderState& state) {
        return slot != nullptr && take_sender(*slot, state);
    };
    visitor.part = [&](const wire::PartState& state) {
        return slot != nullptr && take_part(*slot, state);
    };
    visitor.sealer = [&](const wire::SealerState& state) {
        take_sealer(state);
        return true;
    };
    visitor.machine = [this](const wire::MachineState& state) {
        ids_.restore(state);
        return true;
    };
    wire::read_office_state(books, visitor);
    book_.sort_by_age();
    reassembly_.sort_by_age();
    return memories;
}

bool PostOffice::take_sender(SlotBook& slot, const wire::SenderState& state) {
    const SenderKey key{&slot, state.origin};
    SequenceWindow window(1);
    if (book_.is_full() || book_.find(key) != nullptr || !window.restore(state)) return false;
    Envelope word;
    word.from_host = state.host.substr(0, kMaxHostBytes);
    word.from_address = state.address;
    Sender& sender = book_.add(key, state.next, word);
    sender.window = std::move(window);
    sender.received = state.received;
    std::size_t i = 0;
    for_each_loss(sender.lost, [&](std::uint64_t& number) { number = state.lost[i++]; });
    sender.repeats = state.repeats;
    sender.lost_untold = state.lost_untold;
    sender.told_then_arrived = state.told_then_arrived;
    sender.told_below = state.told_below;
    const auto last_heard = std::min(now_through_sleep_, from_ticks(state.last_heard));
    sender.acquaintance.restore(state.next, last_heard, now_through_sleep_);
    sender.acquaintance.add(state.address);
    book_.heard(sender, last_heard);
    return true;
}

bool PostOffice::take_part(SlotBook& slot, const wire::PartState& state) {
    const SenderKey key{&slot, state.part.origin};
    Sender* const sender = book_.find(key);
    if (sender == nullptr || !is_sound_fragment(state.part)) return false;
    if (sender->window.standing(state.part.sequence) == SequenceWindow::Standing::arrived) {
        return false;
    }
    evicted_.clear();
    const auto outcome =
        reassembly_.add(key, state.part, std::min(now_, from_ticks(state.last_part)), evicted_);
    // A complete message would have been in the slot.
    if (outcome == Reassembly::Outcome::complete) reassembly_.drop(key, state.part.sequence);
    for (const Reassembly::Key& evicted : evicted_) {
        if (Sender* const its = book_.find(evicted.sender)) {
            give_up(*its, evicted.sequence, &Losses::over_limit);
        }
    }
    return true;
}

}  // namespace mailslot::post
