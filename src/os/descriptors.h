// The number of descriptors that this process has left.
#pragma once

#include <cstddef>

#include "os/handle.h"

namespace mailslot::os {

// Returns how many descriptors this process may have open.
std::size_t most_descriptors();
// Raises the limit to the most that the system grants: for a program that serves others'
// connections.
void allow_most_descriptors();
// Returns whether half of the descriptors that this process may open are in use. `newest` must have
// been opened a moment ago: the kernel gives out the lowest free number first.
bool descriptors_run_short(Handle newest);

}  // namespace mailslot::os
