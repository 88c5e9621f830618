// Reports from the post office's books.

#include <algorithm>

#include "post/post_office.h"

namespace mailslot::post {
namespace {

SenderCounters info_of(const Sender& sender) {
    return {.origin = sender.key.origin,
            .host = sender.host,
            .address = sender.address,
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

OfficeCounters PostOffice::counters() const {
    OfficeCounters counters = counters_;
    counters.senders = book_.size();
    counters.half_arrived = reassembly_.messages();
    counters.half_arrived_bytes = reassembly_.bytes();
    return counters;
}

SlotCounters PostOffice::counters(std::string_view slot_key) const {
    const auto found = open_.find(slot_key);
    if (found == open_.end()) return {};
    SlotCounters counters = found->second.counters;
    counters.senders = found->second.senders.size();
    return counters;
}

SenderPage PostOffice::senders(std::string_view slot_key, std::uint64_t from,
                               std::size_t most) const {
    SenderPage page;
    const auto found = open_.find(slot_key);
    if (found == open_.end()) return page;
    const auto& all = found->second.senders;
    for (auto sender = all.lower_bound(from); sender != all.end(); ++sender) {
        if (page.senders.size() == most) {
            page.next = sender->first;
            break;
        }
        page.senders.push_back(info_of(*sender->second));
    }
    if (page.next) return page;
    // Refused addresses follow the senders, whose numbers are all smaller.
    const auto& refused = found->second.refused;
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
