// The monotonic clock as of the last tick, some milliseconds old: for who asks it all the time, to
// find out that a second has passed.
#pragma once

#include <cstdint>

namespace mailslot::os {

std::int64_t coarse_nanoseconds();

}  // namespace mailslot::os
