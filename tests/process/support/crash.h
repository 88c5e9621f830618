// Kills, stops or reports at the product's named steps (src/base/crash_point.h).
#pragma once

#include <cstdint>

#include "support/shared.h"

namespace mailslot::testing_process {

// Kills this process at the n-th visit of the step from here on.
void kill_at(const char* step, std::uint32_t visit = 1);
void stop_at(const char* step);  // SIGSTOP
// Adds to the tally at every visit.
void tell_at(const char* step, Tally& tally);

}  // namespace mailslot::testing_process
