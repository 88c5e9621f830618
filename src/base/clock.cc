#include "base/clock.h"

#include <ctime>

namespace mailslot {

// Uses the monotonic clock if there is no CLOCK_BOOTTIME: a sandbox may refuse the call.
Clock::Instant SystemClock::now_through_sleep() const {
    timespec since_boot{};
    if (clock_gettime(CLOCK_BOOTTIME, &since_boot) != 0) return now();
    return Instant(std::chrono::seconds(since_boot.tv_sec) +
                   std::chrono::nanoseconds(since_boot.tv_nsec));
}

}  // namespace mailslot
