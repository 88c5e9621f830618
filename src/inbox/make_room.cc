// Slots that drop their oldest messages, both ends: docs/inbox.md section 9.

#include <algorithm>
#include <mutex>

#include "base/crash_point.h"
#include "base/saturating.h"
#include "inbox/get_now.h"
#include "inbox/inbox.h"
#include "inbox/inbox_writer.h"
#include "inbox/meta.h"

namespace mailslot::inbox {
namespace {

using std::chrono::steady_clock;

// Most messages dropped under a single hold of the lock; a reader waits some 0.3 ms for that.
constexpr std::uint64_t kDropsAtOnce = 8192;
constexpr std::chrono::microseconds kAskEvery{100};

}  // namespace

// --- The reading end

// Messages and bytes above those that the slot keeps.
struct Inbox::Excess {
    std::uint64_t messages = 0, bytes = 0;
    bool is_none() const { return messages == 0 && bytes == 0; }
};

Inbox::Excess Inbox::find_excess(std::uint64_t wanted_bytes) const {
    const Limits& limits = segment_->geometry().limits;
    const std::uint64_t wanted = std::min(wanted_bytes, limits.max_message_bytes);
    const std::uint64_t bytes = std::min(limits.kept_bytes, limits.max_bytes - wanted);
    const auto over = [](std::uint64_t put, std::uint64_t taken, std::uint64_t kept) {
        const std::uint64_t waiting = put > taken ? put - taken : 0;
        return waiting > kept ? waiting - kept : 0;
    };
    const BooksCopy books = read_books(segment_->header());
    return {over(books.count, consumed_count_, limits.kept_messages),
            over(books.bytes, consumed_bytes_, bytes)};
}

// Like copy_out(), without the copy.
bool Inbox::pass_over(Position& at, std::uint64_t bytes) {
    for (;;) {
        const std::uint64_t piece = std::min<std::uint64_t>(bytes, kBlockBytes - at.offset);
        at.offset += static_cast<std::uint32_t>(piece);
        bytes -= piece;
        if (bytes == 0) return true;
        const std::uint32_t next = segment_->follow(at.block);
        if (next == kNoBlock) return false;
        leave(at.block);
        enter(next);
        at = read_ = {next, kBlockHeaderBytes};
    }
}

bool Inbox::make_room(std::uint64_t wanted_bytes) {
    if (options_.when_full != WhenFull::drop_oldest) return false;
    std::uint64_t dropped = 0;
    for (;;) {  // readers get the mutex in between
        const os::BiasedMutex::Guest guest(mutex_);
        if (closed_) return false;
        Header& header = segment_->header();
        const Excess excess = find_excess(wanted_bytes);
        if (excess.is_none() && dropped == 0) {
            // Returns true if room was asked for: a writer may have read the word just before this,
            // and put just after find_excess() looked.
            return header.room_asked.exchange(0, std::memory_order_seq_cst) != 0;
        }
        // Ends after max_messages, so that a writer that puts all the time cannot keep this thread
        // here.
        const bool is_done = excess.is_none() ||
                             dropped >= segment_->geometry().limits.max_messages ||
                             !drop_some(excess, dropped);
        if (!is_done) continue;
        segment_->header().room_asked.store(kRoomIsLookedFor, std::memory_order_seq_cst);
        if (event_ && nothing_waits()) settle_poll();
        return true;
    }
}

// Returns false if there is nothing more to drop.
bool Inbox::drop_some(const Excess& excess, std::uint64_t& dropped) {
    const std::uint64_t count = consumed_count_, bytes = consumed_bytes_;
    const auto done = [&] { return consumed_count_ - count; };
    Took took = Took::message;
    while (took == Took::message && done() < kDropsAtOnce &&
           (done() < excess.messages || consumed_bytes_ - bytes < excess.bytes)) {
        took = skip();
        if (took == Took::message) note_drop();
        MAILSLOT_CRASH_POINT(reader_making_room);
    }
    dropped += done();
    publish();
    Header& header = segment_->header();
    header.room_wanted.store(0, std::memory_order_seq_cst);
    os::futex_wake_all(header.room_wanted);
    if (took == Took::damage) replace_segment();
    return took == Took::message;
}

// Notes that the record just skipped was dropped.
void Inbox::note_drop() {
    std::uint64_t lost = 1;
    if (last_.kind == RecordKind::network) {
        if (dropped_meta_.number != last_.meta_number) {
            const Bytes meta = last_.meta();
            dropped_meta_ = {last_.meta_number, decode_meta(meta).lost_before};
        }
        // Losses that the dropped message would have reported.
        count_up(lost, dropped_meta_.lost_before);
    }
    drops_.add(last_.origin, 1, lost);
    ++earlier_losses_.dropped_oldest;
    settle_plain();
}

void Inbox::tell_drops(RecordEnvelope& record) {
    record.dropped_before = drops_.take_untold(record.origin);
    settle_plain();
}

DropBook::Drops Inbox::dropped(std::uint64_t first_origin, std::size_t most) const {
    const os::BiasedMutex::Guest guest(mutex_);
    return drops_.dropped(first_origin, most);
}

// --- The writing end

// Returns lower counts than were read, by the reserve. A slot that drops its oldest then seems full
// as soon as its reserve begins.
InboxWriter::Consumed InboxWriter::without_reserve(const Consumed& consumed) const {
    const Limits& limits = geometry().limits;
    return {consumed.count - limits.reserved_messages(), consumed.bytes - limits.reserved_bytes()};
}

// With the lock held, for a put into the reserve. Raises `room_asked` and asks the station for
// room, unless that was done before.
void InboxWriter::look_for_excess(const BooksCopy& books, const Consumed& consumed,
                                  std::size_t payload_bytes) {
    const Limits& limits = geometry().limits;
    const std::uint64_t messages = books.count + 1 - consumed.count;
    const std::uint64_t bytes = books.bytes + payload_bytes - consumed.bytes;
    const bool is_urgent = messages > limits.kept_messages + limits.reserved_messages() / 2 ||
                           bytes > limits.kept_bytes + limits.reserved_bytes() / 2;
    const std::uint32_t level = is_urgent ? kRoomIsUrgent : kRoomIsLookedFor;
    auto& asked = header().room_asked;
    if (asked.load(std::memory_order_seq_cst) >= level) return;
    // Limits the requests, because a hostile process may lower the word again and again.
    const auto now = steady_clock::now();
    if (now < ask_again_) return;
    ask_again_ = now + kAskEvery;
    asked.store(level, std::memory_order_seq_cst);
    want(kWantsRoom);
    MAILSLOT_CRASH_POINT(room_asked);
}

}  // namespace mailslot::inbox
