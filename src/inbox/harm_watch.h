// What those who may write to a slot can leave behind in its memory, beyond their own end:
// docs/inbox.md section 7. The reader's process looks once in a while, and trusts only what it has
// read itself.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "inbox/segment.h"

namespace mailslot::inbox {

// Threads: one at a time.
class HarmWatch {
public:
    // In so many looks one after the other nobody has done anything with the lock that somebody
    // holds.
    static constexpr int kLooksAtLock = 3;
    // More cannot be counted between two looks.
    static constexpr std::uint64_t kMostBetweenLooks = 100'000'000;

    // Puts counters right that cannot be. True: the segment is of no more use to those who write.
    // `is_empty`: everything in it has been read.
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
    std::array<std::uint64_t, 10> counted_{};
};

}  // namespace mailslot::inbox
