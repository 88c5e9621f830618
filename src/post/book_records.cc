#include "post/book_records.h"

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "model/losses.h"
#include "post/admission.h"

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
    state.source = sender.source;
    state.host = sender.host;
    return state;
}

}  // namespace

void write_books(wire::OfficeStateWriter& out, const Books& books, const MachineIds& ids,
                 const Slots& slots) {
    wire::OfficeNumbers numbers;
    save(books.counters, numbers);
    out.put(numbers);
    std::unordered_map<const SlotBook*, std::vector<wire::PartState>> parts;
    books.half_arrived.each_part(
        [&](const Reassembly::Key& key, Clock::Instant last_part, const Envelope& part) {
            parts[key.sender.slot].push_back({to_ticks(last_part), part});
        });
    out.put(ids.save());
    for (const auto& [key, slot] : books.slots.all()) {
        wire::SlotState state{slots.memory_of(key), to_ticks(slot.opened_at),
                              to_ticks(slot.forgot_until)};
        save(slot.counters, state.counters);
        state.key = key;
        out.put(state);
        for (const auto& [number, sender] : slot.senders) out.put(to_state(*sender));
        for (const wire::PartState& part : parts[&slot]) out.put(part);
    }
}

std::map<std::string, std::uint64_t, std::less<>> BookReader::read(
    Bytes bytes, const std::function<void(const wire::SealerState&)>& take_sealer) {
    const Clock::Instant now = books_.now.through_sleep;
    std::map<std::string, std::uint64_t, std::less<>> memories;
    SlotBook* slot = nullptr;
    wire::OfficeStateVisitor visitor;
    visitor.counters = [this](const wire::OfficeNumbers& numbers) {
        restore(books_.counters, numbers);
        return true;
    };
    visitor.slot = [&](const wire::SlotState& state) {
        if (SlotBook* const twice = books_.slots.find(state.key)) {
            books_.clear(*twice);
            books_.slots.close(*twice);
        }
        slot = &books_.slots.open(state.key, std::min(now, from_ticks(state.opened_at)));
        slot->forgot_until = std::min(now, from_ticks(state.forgot_until));
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
    wire::read_office_state(bytes, visitor);
    books_.senders.sort_by_age();
    books_.half_arrived.sort_by_age();
    return memories;
}

bool BookReader::take_sender(SlotBook& slot, const wire::SenderState& state) {
    const SenderKey key{&slot, state.origin};
    SequenceWindow window(1);
    if (books_.senders.is_full() || books_.senders.find(key) != nullptr || !window.restore(state))
        return false;
    Envelope word;
    word.from_host = state.host.substr(0, kMaxHostBytes);
    word.from_address = state.source.address;
    word.from_port = state.source.port;
    Sender& sender = books_.senders.add(key, state.next, word);
    sender.window = std::move(window);
    sender.received = state.received;
    std::size_t i = 0;
    for_each_loss(sender.lost, [&](std::uint64_t& number) { number = state.lost[i++]; });
    sender.repeats = state.repeats;
    sender.lost_untold = state.lost_untold;
    sender.told_then_arrived = state.told_then_arrived;
    sender.told_below = state.told_below;
    const auto last_heard = std::min(books_.now.through_sleep, from_ticks(state.last_heard));
    sender.acquaintance.restore(state.next, last_heard, books_.now.through_sleep);
    sender.acquaintance.add(state.source);
    books_.senders.heard(sender, last_heard);
    return true;
}

bool BookReader::take_part(SlotBook& slot, const wire::PartState& state) {
    const SenderKey key{&slot, state.part.origin};
    Sender* const sender = books_.senders.find(key);
    if (sender == nullptr || !is_sound_fragment(state.part)) return false;
    if (sender->window.standing(state.part.sequence) == SequenceWindow::Standing::arrived) {
        return false;
    }
    parts_.restore(*sender, state.part, std::min(books_.now.awake, from_ticks(state.last_part)));
    return true;
}

}  // namespace mailslot::post
