// The counters of a slot: docs/inbox.md section 5.

#include <unistd.h>

#include <mutex>

#include "base/saturating.h"
#include "inbox/get_now.h"
#include "inbox/inbox.h"

namespace mailslot::inbox {

bool Inbox::empty() const {
    std::lock_guard lock(mutex_);
    return nothing_waits();
}

std::uint64_t Inbox::qsize() const {
    std::lock_guard lock(mutex_);
    return waiting();
}

bool Inbox::full() const {
    std::lock_guard lock(mutex_);
    if (waiting() >= options_.max_messages) return true;
    const std::uint64_t bytes = read_books(segment_->header()).bytes;
    return bytes > consumed_bytes_ && bytes - consumed_bytes_ >= options_.max_bytes;
}

void Inbox::set_machine(const MachineId& machine) {
    const os::BiasedMutex::Guest guest(mutex_);
    machine_ = machine;
    write_machine(segment_->header(), machine);
}

SlotInfo Inbox::info() const {
    const os::BiasedMutex::Guest guest(mutex_);
    const BooksCopy books = read_books(segment_->header());
    SlotInfo info;
    info.name = name_.text;
    info.reader_pid = getpid();
    info.max_message_bytes = segment_->geometry().limits.max_message_bytes;
    info.max_bytes = options_.max_bytes;
    info.max_messages = options_.max_messages;
    info.when_full = options_.when_full;
    info.require = options_.require.value_or(Trust::none);
    info.order = options_.order;
    info.messages = waiting();
    info.bytes = books.bytes > consumed_bytes_ ? books.bytes - consumed_bytes_ : 0;
    info.received = earlier_received_ + consumed_count_ + info.messages;
    info.received_bytes = earlier_received_bytes_ + consumed_bytes_ + info.bytes;
    info.next_message_bytes = next_size();
    info.repeats = segment_->header().repeats.load(std::memory_order_relaxed) + earlier_repeats_;
    info.senders = segment_->header().senders.load(std::memory_order_relaxed);
    info.senders_forgotten = segment_->header().senders_forgotten.load(std::memory_order_relaxed) +
                             earlier_senders_forgotten_;
    info.read_timeout = options_.read_timeout;
    info.lost = losses();
    return info;
}

// Returns the payload size of the next message; nullopt if none waits.
std::optional<std::size_t> Inbox::next_size() const {
    ContentHead head;
    if (row_.left > 0) {
        return look_into_row(head) ? std::optional<std::size_t>(head.payload_bytes) : std::nullopt;
    }
    Position at;
    std::uint64_t word = 0;
    RecordShape shape;
    if (!find_record(at, word) ||
        !from_commit_word(word, segment_->geometry().limits.max_message_bytes, shape)) {
        return std::nullopt;
    }
    if (!shape.is_row()) return shape.size;
    if (at.offset + kRowHeaderBytes + kContentHeadBytes > kBlockBytes) return std::nullopt;
    return ContentHead::at(segment_->block(at.block) + at.offset + kRowHeaderBytes).payload_bytes;
}

Losses Inbox::losses() const {
    constexpr auto relaxed = std::memory_order_relaxed;
    Losses lost = earlier_losses_;
    for (const LossCause& cause : kLossCauses) {
        if (cause.counted_by == LossCause::By::reader) continue;
        count_up(lost.*cause.count, lost_in(segment_->header(), cause.count).load(relaxed));
    }
    return lost;
}

}  // namespace mailslot::inbox
