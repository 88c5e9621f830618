// How many descriptors this process has left.
#pragma once

#include <cstddef>

namespace mailslot::os {

// How many this process may have open.
std::size_t most_descriptors();
// Takes as many as the system grants: for a program whose work is others' connections.
void allow_most_descriptors();
// Whether half of the descriptors that this process may open are in use: `newest` was opened just
// now, and the lowest free number is taken first.
bool descriptors_run_short(int newest);

}  // namespace mailslot::os
