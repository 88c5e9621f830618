// A cached wall clock for code that asks very often. A program that puts millions of messages a
// second would otherwise spend a good part of its time on the clock.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "os/cpu.h"

namespace mailslot::os {

// Threads: one at a time
class RecentClock {
public:
    explicit RecentClock(const Clock& clock) : clock_(clock) {}

    // Returns a time at most kFreshCycles old: 4 us on the slowest processor, 1 us on most.
    std::int64_t unix_microseconds() {
        const std::uint64_t now = cpu_cycles();
        // A counter that steps back, on another processor, makes the unsigned difference huge.
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
