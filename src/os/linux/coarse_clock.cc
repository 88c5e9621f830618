#include "os/coarse_clock.h"

#include <ctime>

namespace mailslot::os {

std::int64_t coarse_nanoseconds() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace mailslot::os
