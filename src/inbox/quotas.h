// The quotas of a slot, as a writer sees them: docs/inbox.md sections 3, 5 and 9.
#pragma once

#include <chrono>
#include <cstddef>

#include "inbox/segment.h"
#include "inbox/wants.h"

namespace mailslot::inbox {

// Threads: the lock's holder, except for may_allow()
class Quotas {
public:
    Quotas(const Segment& segment, Wants& wants)
        : header_(segment.header()),
          wants_(wants),
          limits_(segment.geometry().limits),
          consumed_(without_reserve({})) {}

    // Returns whether there is room for certain, by the old copy of the reader line.
    bool allow(const TailCopy& tail, std::size_t payload_bytes, std::size_t messages = 1) const {
        return has_room(tail, consumed_, payload_bytes, messages);
    }
    // Decides by the reader line if allow() said no. Asks for room where the excess begins.
    // Errors: message_too_big, slot_full
    Result<void> admit(const TailCopy& tail, std::size_t payload_bytes);
    // Returns whether a message may have room.
    // Threads: any
    bool may_allow(std::size_t payload_bytes) const;

private:
    bool has_room(const TailCopy& tail, const Consumed& consumed, std::size_t payload_bytes,
                  std::size_t messages) const {
        return tail.count - consumed.count + messages <= limits_.max_messages &&
               tail.bytes - consumed.bytes + payload_bytes <= limits_.max_bytes;
    }
    Consumed read_consumed() const;
    Consumed without_reserve(const Consumed& consumed) const;
    void look_for_excess(const TailCopy& tail, const Consumed& consumed, std::size_t payload_bytes);

    Header& header_;
    Wants& wants_;
    const Limits limits_;
    // The reader line as last read, less the reserve. The reader line only grows, so an old copy
    // may make the slot seem fuller than it is, but never emptier.
    Consumed consumed_;
    std::chrono::steady_clock::time_point ask_again_{};  // earliest next request for room
};

}  // namespace mailslot::inbox
