#include "post/waiting_room.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "base/check.h"

namespace mailslot::post {
namespace {

std::size_t cost_of(const Ahead& ahead) { return ahead.memory.size() + kAheadCost; }

// Copies everything that a slot needs of a message into the entry's own memory.
void copy_into(Ahead& ahead, const Parcel& from) {
    const Bytes host = as_bytes(from.envelope.from_host);
    const Bytes domain = as_bytes(from.envelope.domain);
    const Bytes content = from.contents.empty() ? from.envelope.payload : from.contents.bytes();
    std::vector<std::byte>& memory = ahead.memory;
    memory.reserve(host.size() + domain.size() + content.size());
    for (const Bytes part : {host, domain, content}) {
        memory.insert(memory.end(), part.begin(), part.end());
    }
    const Bytes all(memory);
    const Bytes kept = all.last(content.size());
    ahead.parcel = from;
    Envelope& envelope = ahead.parcel.envelope;
    envelope.to = envelope.slot = {};  // not needed from here on
    envelope.from_host = as_text(all.first(host.size()));
    envelope.domain = as_text(all.subspan(host.size(), domain.size()));
    envelope.payload = {};
    if (from.contents.empty()) {
        envelope.payload = kept;
    } else {
        const auto last_after_us =
            static_cast<std::uint32_t>(from.contents.last_sent_at_us() - from.contents.base_us());
        ahead.parcel.contents =
            Contents(kept, from.contents.size(), from.contents.base_us(), last_after_us);
    }
    ahead.is_word_alone = false;
}

}  // namespace

bool WaitingRoom::has(const Sender& sender, std::uint64_t first, std::size_t count) {
    if (!sender.ahead) return false;
    const auto& all = sender.ahead->by_number;
    auto found = all.upper_bound(first);
    if (found == all.begin()) return false;
    --found;
    return first - found->first + count <= found->second.messages();
}

void WaitingRoom::keep(Sender& sender, const Parcel& messages, Clock::Instant now,
                       std::uint64_t drops_before) {
    Ahead& ahead = place(sender, messages.envelope.sequence, now, drops_before);
    AllAhead& all = *sender.ahead;
    uncount(all, ahead);
    ahead.memory.clear();
    copy_into(ahead, messages);
    all.messages += ahead.messages();
    all.bytes += cost_of(ahead);
    bytes_ += cost_of(ahead);
    queue(sender);
}

void WaitingRoom::keep_word(Sender& sender, std::uint64_t sequence, Clock::Instant now,
                            std::uint64_t drops_before) {
    (void)place(sender, sequence, now, drops_before);
    queue(sender);
}

// Returns the entry with that number, new or existing.
Ahead& WaitingRoom::place(Sender& sender, std::uint64_t sequence, Clock::Instant now,
                          std::uint64_t drops_before) {
    if (!sender.ahead) sender.ahead = std::make_unique<AllAhead>();
    AllAhead& all = *sender.ahead;
    const auto [place, is_new] = all.by_number.try_emplace(sequence);
    Ahead& ahead = place->second;
    if (!is_new) return ahead;
    const auto next = std::next(place);
    ahead.since = next == all.by_number.end() ? now : std::min(now, next->second.since);
    ahead.drops_before = drops_before;
    all.bytes += cost_of(ahead);
    bytes_ += cost_of(ahead);
    return ahead;
}

void WaitingRoom::uncount(AllAhead& all, const Ahead& ahead) {
    all.messages -= ahead.messages();
    all.bytes -= cost_of(ahead);
    bytes_ -= cost_of(ahead);
}

// Puts the sender into the queue by its first entry, or out of the queue without any entry.
void WaitingRoom::queue(Sender& sender) {
    AllAhead& all = *sender.ahead;
    const bool has_any = !all.by_number.empty();
    const Clock::Instant since = has_any ? all.by_number.begin()->second.since : Clock::Instant{};
    if (has_any && all.queued_since == since) return;
    if (all.queued_since != Clock::Instant{}) by_age_.erase({all.queued_since, &sender});
    all.queued_since = since;
    if (has_any) {
        by_age_.emplace(since, &sender);
    } else {
        sender.ahead.reset();
    }
}

Ahead WaitingRoom::take_first(Sender& sender) {
    MAILSLOT_CHECK(sender.ahead != nullptr);
    auto node = sender.ahead->by_number.extract(sender.ahead->by_number.begin());
    uncount(*sender.ahead, node.mapped());
    queue(sender);
    return std::move(node.mapped());
}

std::size_t WaitingRoom::drop_all(Sender& sender) {
    if (!sender.ahead) return 0;
    const std::size_t messages = sender.ahead->messages;
    bytes_ -= sender.ahead->bytes;
    sender.ahead->by_number.clear();
    queue(sender);
    return messages;
}

bool WaitingRoom::is_over(const Sender& sender) {
    return sender.ahead &&
           (sender.ahead->bytes > kMostAheadBytes || sender.ahead->messages > kMostAheadMessages);
}

std::optional<Clock::Instant> WaitingRoom::next_time_out() const {
    if (by_age_.empty()) return std::nullopt;
    return by_age_.begin()->first + kOrderPatience;
}

}  // namespace mailslot::post
