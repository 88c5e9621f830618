// The time that poll(2) and the like may wait.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "os/futex.h"

namespace mailslot::os {

// Returns milliseconds until the deadline, rounded up: at most an hour, so that the number fits. -1:
// for ever.
inline int poll_time(Deadline until) {
    using std::chrono::milliseconds;
    if (!until) return -1;
    const auto left = std::chrono::ceil<milliseconds>(*until - std::chrono::steady_clock::now());
    constexpr std::int64_t kHour = milliseconds(std::chrono::hours(1)).count();
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, kHour));
}

}  // namespace mailslot::os
