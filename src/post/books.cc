#include "post/books.h"

#include <algorithm>

#include "base/saturating.h"

namespace mailslot::post {
namespace {

SenderCounters info_of(const Sender& sender) {
    return {.origin = sender.key.origin,
            .host = sender.host,
            .address = sender.source.address,
            .received = sender.received,
            .repeats = sender.repeats,
            .lost = sender.lost,
            .lost_untold = sender.lost_untold,
            .told_then_arrived = sender.told_then_arrived,
            .last_heard = sender.last_heard};
}

// Start of the pages of addresses whose messages were refused.
constexpr std::uint64_t kFirstRefused = std::uint64_t{1} << 63;

SenderCounters info_of(const RefusedAddress& refused) {
    SenderCounters counters{.origin = refused.origin,
                            .host = refused.host,
                            .address = refused.address,
                            .last_heard = refused.last_heard};
    counters.lost.not_trusted = refused.messages;
    return counters;
}

}  // namespace

void Books::clear(SlotBook& slot) {
    while (!slot.senders.empty()) {
        Sender& sender = *slot.senders.begin()->second;
        counters.no_such_slot += waiting.drop_all(sender);
        for (const std::uint64_t sequence : half_arrived.drop_all(sender.key)) {
            if (sequence >= sender.window.next()) ++counters.no_such_slot;
        }
        senders.remove(sender);
    }
    slot.counters = {};
    slot.forgot_until = Clock::Instant::min();
}

void Books::refuse(SlotBook& slot, const Parcel& parcel) {
    const Envelope& envelope = parcel.envelope;
    const bool is_first_part = envelope.kind == Kind::fragment && envelope.offset == 0;
    if (envelope.kind != Kind::message && !is_first_part) return;
    if (slot.recently_refused.see(envelope.origin, envelope.sequence)) return;
    count_up(slot.counters.lost.not_trusted, parcel.size());
    count_up(counters.lost.not_trusted, parcel.size());
    auto known = std::ranges::find(slot.refused, envelope.from_address, &RefusedAddress::address);
    if (known == slot.refused.end()) {
        if (slot.refused.size() >= kMaxRefusedAddresses) return;
        known = slot.refused.insert(known, RefusedAddress{.address = envelope.from_address});
    }
    known->host = envelope.from_host;
    known->origin = envelope.origin;
    known->messages += parcel.size();
    known->last_heard = now.through_sleep;
}

void Books::recall(SlotBook& slot, std::uint64_t origin, std::uint64_t next) {
    if (next == 0 || next > kMaxSequence + 1) return;
    const SenderKey key{&slot, origin};
    if (senders.is_full() || senders.find(key) != nullptr) return;
    Sender& sender = senders.add(key, next, {});
    sender.window.close_the_past();
    sender.kernel_drops = drops.most;
    sender.acquaintance.restore(next, now.through_sleep, now.through_sleep);
    senders.heard(sender, now.through_sleep);
}

OfficeCounters Books::present_counters() const {
    OfficeCounters present = counters;
    present.senders = senders.size();
    present.half_arrived = half_arrived.messages();
    present.half_arrived_bytes = half_arrived.bytes();
    return present;
}

SlotCounters counters_of(const SlotBook& slot) {
    SlotCounters counters = slot.counters;
    counters.senders = slot.senders.size();
    return counters;
}

SenderPage page_of(const SlotBook& slot, std::uint64_t from, std::size_t most) {
    SenderPage page;
    const auto& all = slot.senders;
    for (auto sender = all.lower_bound(from); sender != all.end(); ++sender) {
        if (page.senders.size() == most) {
            page.next = sender->first;
            break;
        }
        page.senders.push_back(info_of(*sender->second));
    }
    if (page.next) return page;
    // Refused addresses follow the senders, whose numbers are all smaller.
    const auto& refused = slot.refused;
    std::uint64_t number = std::max(from, kFirstRefused);
    for (; number - kFirstRefused < refused.size(); ++number) {
        if (page.senders.size() == most) {
            page.next = number;
            break;
        }
        page.senders.push_back(info_of(refused[number - kFirstRefused]));
    }
    return page;
}

}  // namespace mailslot::post
