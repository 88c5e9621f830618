// The wall clock for who asks it very often: a program that puts millions of messages a second
// would spend a good part of its time asking.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "os/cpu.h"

namespace mailslot::os {

// Threads: one at a time.
class RecentClock {
public:
    explicit RecentClock(const Clock& clock) : clock_(clock) {}

    // At most kFreshCycles old: 4 us on the slowest processor, 1 us on most.
    std::int64_t unix_microseconds() {
        const std::uint64_t now = cpu_cycles();
        // One that steps back, on another processor, is far ahead in unsigned numbers.
        if (now != kNoCycles && now - asked_at_ < kFreshCycles) [[likely]]
            return last_;
        asked_at_ = now;
        last_ = clock_.unix_microseconds();
        return last_;
    }

private:
    static constexpr std::uint64_t kFreshCycles = 4096;

    const Clock& clock_;
    std::uint64_t asked_at_ =
        0 - kFreshCycles;  // far from any `now` of a machine that just started
    std::int64_t last_ = 0;
};

}  // namespace mailslot::os
