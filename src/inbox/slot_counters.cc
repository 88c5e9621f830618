#include "inbox/slot_counters.h"

#include <algorithm>

#include "base/saturating.h"

namespace mailslot::inbox {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;

}  // namespace

void SlotCounters::give_up(const RecordReader& records) {
    const Header& header = records.segment().header();
    // The tail may be false, but the segment never held more messages than its maximum.
    const std::uint64_t bad =
        std::min(records.waiting(), records.segment().geometry().limits.max_messages);
    lost_ = losses(header);
    lost_.bad_record += bad;
    received_ += records.consumed().count;
    received_bytes_ += records.consumed().bytes;
    repeats_ += header.repeats.load(relaxed);
    senders_forgotten_ += header.senders_forgotten.load(relaxed);
}

void SlotCounters::fill(SlotInfo& info, const RecordReader& records) const {
    const Header& header = records.segment().header();
    const Consumed& consumed = records.consumed();
    const std::uint64_t bytes = read_tail(header).bytes;
    info.messages = records.waiting();
    info.bytes = bytes > consumed.bytes ? bytes - consumed.bytes : 0;
    info.received = received_ + consumed.count + info.messages;
    info.received_bytes = received_bytes_ + consumed.bytes + info.bytes;
    info.next_message_bytes = records.next_size();
    info.repeats = header.repeats.load(relaxed) + repeats_;
    info.senders = header.senders.load(relaxed);
    info.senders_forgotten = header.senders_forgotten.load(relaxed) + senders_forgotten_;
    info.lost = losses(header);
}

Losses SlotCounters::losses(const Header& header) const {
    Losses lost = lost_;
    for (const LossCause& cause : kLossCauses) {
        if (cause.counted_by == LossCause::By::reader) continue;
        count_up(lost.*cause.count, lost_in(header, cause.count).load(relaxed));
    }
    return lost;
}

}  // namespace mailslot::inbox
