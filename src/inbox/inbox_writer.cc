#include "inbox/inbox_writer.h"

#include <algorithm>
#include <chrono>

#include "base/crash_point.h"
#include "inbox/bell.h"
#include "inbox/put_now.h"

namespace mailslot::inbox {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How often a writer that waits for room checks that the reader still lives.
constexpr milliseconds kRoomSlice{50};
constexpr milliseconds kMemorySlice{2};

}  // namespace

InboxWriter::InboxWriter(Segment segment, os::LivenessView reader, std::uint32_t number,
                         os::UniqueFd event)
    : segment_(std::move(segment)),
      lock_(segment_.header(), std::move(reader), number),
      event_(std::move(event)) {}

// Notes the senders of messages from the network. Otherwise the post office's successor would count
// the messages in the slot as lost.
void InboxWriter::note_senders(std::span<const Item> items, std::size_t messages) {
    for (std::size_t i = 0; messages > 0; ++i) {
        const Item& item = items[i];
        if (item.kind != RecordKind::network) return;
        const std::size_t count = std::min(messages, item.size());
        messages -= count;
        const bool is_last = messages == 0 || items[i + 1].origin != item.origin;
        if (!is_last) continue;
        note_sender(sender_notes(), item.origin, item.sequence + count,
                    SystemClock().now_through_sleep());
    }
}

Result<std::size_t> InboxWriter::put(std::span<const Item> items, Refusal refusal) {
    if (items.empty()) return std::size_t{0};
    if (reader_is_gone()) return Error{Errc::no_such_slot, "put"};
    if (!lock_.try_lock()) [[unlikely]] {
        if (auto locked = lock_.lock(); !locked) return locked.error();
    }
    MAILSLOT_CRASH_POINT(locked);

    const auto appended = records_.append(items);
    lock_.unlock();  // before ring() looks at the bell, the commit is visible: both are seq_cst
    if (!appended) [[unlikely]] {
        const Errc code = appended.error().code;
        const bool is_final = code != Errc::slot_full || !drops_oldest();
        if (refusal == Refusal::counted && is_final) count_refusal(code);
        return appended.error();
    }
    // Comes before the bell, because ringing may cost this thread the processor.
    note_senders(items, *appended);
    MAILSLOT_CRASH_POINT(before_bell);
    ring();
    return *appended;
}

void InboxWriter::count_refusal(Errc code) {
    if (code != Errc::slot_full && code != Errc::message_too_big) return;
    const Loss cause = code == Errc::slot_full ? &Losses::slot_full : &Losses::message_too_big;
    lost_in(header(), cause).fetch_add(1, std::memory_order_relaxed);
}

Result<void> InboxWriter::wait_for_room(std::size_t payload_bytes, os::Deadline deadline,
                                        Interrupted interrupted, const std::atomic<bool>* is_over) {
    for (;;) {
        if (is_over != nullptr && *is_over) return Error{Errc::closed, "put"};
        if (reader_is_gone()) return Error{Errc::no_such_slot, "put"};
        header().room_wanted.store(1, std::memory_order_seq_cst);
        if (quotas_.may_allow(payload_bytes)) return {};
        const auto now = steady_clock::now();
        if (deadline && now >= *deadline)
            return Error{Errc::timed_out, "put", 0, "the slot stayed full", Reason::stayed_full};
        if (interrupted != nullptr && interrupted()) return Error{Errc::interrupted, "put"};
        auto slice = now + kRoomSlice;
        if (deadline) slice = std::min(slice, *deadline);
        MAILSLOT_CRASH_POINT(waiting_for_room);
        os::futex_wait(header().room_wanted, 1, slice);
    }
}

void InboxWriter::wait_for_memory(std::chrono::steady_clock::time_point until) {
    header().room_wanted.store(1, std::memory_order_seq_cst);
    os::futex_wait(header().room_wanted, 1, std::min(steady_clock::now() + kMemorySlice, until));
}

void InboxWriter::ring_slowly() {
    if (ring_bell(header(), event_)) want(kWantsRing);
}

}  // namespace mailslot::inbox
