#include "inbox/quotas.h"

#include <string>

#include "base/crash_point.h"

namespace mailslot::inbox {
namespace {

constexpr std::chrono::microseconds kAskEvery{100};

}  // namespace

Consumed Quotas::read_consumed() const {
    Consumed consumed;
    // seq_cst, so that InboxWriter::wait_for_room() reads the count after its store to room_wanted.
    // The reader has no barrier between its count and its look at room_wanted, so both may miss
    // each other: the writer then looks again after a while.
    consumed.count = header_.consumed_count.load(std::memory_order_seq_cst);
    consumed.bytes = header_.consumed_bytes.load(std::memory_order_acquire);
    return consumed;
}

// Returns lower counts than were read, by the reserve. A slot that drops its oldest then seems full
// as soon as its reserve begins.
Consumed Quotas::without_reserve(const Consumed& consumed) const {
    return {consumed.count - limits_.reserved_messages(),
            consumed.bytes - limits_.reserved_bytes()};
}

bool Quotas::may_allow(std::size_t payload_bytes) const {
    return has_room(read_tail(header_), read_consumed(), payload_bytes, 1);
}

// The reader line is read only here because the reader writes to it with every message.
Result<void> Quotas::admit(const TailCopy& tail, std::size_t payload_bytes) {
    if (payload_bytes > limits_.max_message_bytes) {
        return Error{
            Errc::message_too_big, "put", 0,
            "the slot takes at most " + std::to_string(limits_.max_message_bytes) + " bytes"};
    }
    const Consumed consumed = read_consumed();
    consumed_ = without_reserve(consumed);
    if (allow(tail, payload_bytes)) return {};
    if (!has_room(tail, consumed, payload_bytes, 1)) return Error{Errc::slot_full, "put"};
    look_for_excess(tail, consumed, payload_bytes);
    return {};
}

// For a put into the reserve. Raises `room_asked` and asks the station for room, unless that was
// done before.
void Quotas::look_for_excess(const TailCopy& tail, const Consumed& consumed,
                             std::size_t payload_bytes) {
    const std::uint64_t messages = tail.count + 1 - consumed.count;
    const std::uint64_t bytes = tail.bytes + payload_bytes - consumed.bytes;
    const bool is_urgent = messages > limits_.kept_messages + limits_.reserved_messages() / 2 ||
                           bytes > limits_.kept_bytes + limits_.reserved_bytes() / 2;
    const std::uint32_t level = is_urgent ? kRoomIsUrgent : kRoomIsLookedFor;
    auto& asked = header_.room_asked;
    if (asked.load(std::memory_order_seq_cst) >= level) return;
    // Limits the requests, because a hostile process may lower the word again and again.
    const auto now = std::chrono::steady_clock::now();
    if (now < ask_again_) return;
    ask_again_ = now + kAskEvery;
    asked.store(level, std::memory_order_seq_cst);
    wants_.add(kWantsRoom);
    MAILSLOT_CRASH_POINT(room_asked);
}

}  // namespace mailslot::inbox
