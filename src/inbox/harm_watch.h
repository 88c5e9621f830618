// Finds harm that a writer can do to a slot's memory and that outlives the writer: docs/inbox.md
// section 7. The reader's process looks once in a while, and trusts only numbers that it has read
// itself.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "inbox/segment.h"

namespace mailslot::inbox {

// Threads: one at a time
class HarmWatch {
public:
    // The lock counts as stuck after so many further looks at which the same writer held it and
    // nothing was put.
    static constexpr int kLooksAtLock = 3;
    // No counter can honestly change by more than this between two looks.
    static constexpr std::uint64_t kMostBetweenLooks = 100'000'000;
    static constexpr std::size_t kCounters = 3 + kCauses;

    // Resets counters with impossible values. Returns true if writers can no longer use the
    // segment. `is_empty` means that everything in it has been read.
    bool look(const Segment& segment, bool is_empty);
    void begin_anew() { *this = HarmWatch(); }  // with another segment

private:
    bool is_lock_stuck(const Header& header);
    bool is_used_up(const Segment& segment, bool is_empty);
    void settle_counters(Header& header);

    std::uint32_t held_ = 0;  // in the last look
    std::uint64_t count_ = 0;
    int looks_ = 0;
    std::uint64_t refused_ = 0;
    std::array<std::uint64_t, kCounters> counted_{};
};

}  // namespace mailslot::inbox
