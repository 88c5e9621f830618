// How many descriptors this process has left.
#pragma once

namespace mailslot::os {

// Whether half of the descriptors that this process may open are in use: `newest` was opened just
// now, and the lowest free number is taken first.
bool descriptors_run_short(int newest);

}  // namespace mailslot::os
