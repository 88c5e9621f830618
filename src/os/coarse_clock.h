// The monotonic clock as of the last tick, some milliseconds old. For code that asks all the time,
// to notice that a second has passed.
#pragma once

#include <cstdint>

namespace mailslot::os {

std::int64_t coarse_nanoseconds();

}  // namespace mailslot::os
