// Drops the oldest messages of a slot to make room for newer ones: docs/inbox.md section 9.
#pragma once

#include <chrono>
#include <cstdint>

#include "inbox/drop_book.h"
#include "inbox/record_reader.h"

namespace mailslot::inbox {

// How often a slot that drops its oldest is looked at without being asked. Rare enough that a
// BiasedMutex keeps its owner.
inline constexpr std::chrono::milliseconds kLookForRoomEvery{2};

// Messages and bytes above those that the slot keeps.
struct Excess {
    std::uint64_t messages = 0, bytes = 0;
    bool is_none() const { return messages == 0 && bytes == 0; }
};

// Returns the excess, and by how much room for `wanted_bytes` is short.
Excess find_excess(const RecordReader& records, std::uint64_t wanted_bytes);

// Threads: one at a time
class RoomMaker {
public:
    // Takes out messages until the excess is gone, at most some thousand, and wakes writers that
    // wait for room. Adds to `dropped`. Returns what the last look for a message found.
    RecordReader::Took drop_some(RecordReader& records, const Excess& excess,
                                 std::uint64_t& dropped);

    std::uint64_t dropped_in_all() const { return count_; }
    const DropBook& drops() const { return drops_; }
    bool all_is_told() const { return drops_.all_is_told(); }
    std::uint64_t take_untold(std::uint64_t origin) { return drops_.take_untold(origin); }

private:
    void note_drop(const RecordEnvelope& dropped);

    DropBook drops_;
    std::uint64_t count_ = 0;
    struct {
        std::uint64_t number = 0, lost_before = 0;
    } meta_;  // of the last dropped record that had any
};

}  // namespace mailslot::inbox
