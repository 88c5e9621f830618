// A descriptor that polls readable once it is set, for programs that wait for several things.
// Processes share an event by passing the descriptor.
#pragma once

#include "os/fd.h"

namespace mailslot::os {

UniqueFd make_event();  // empty if descriptors have run out
// Threads: any
void set_event(const UniqueFd& event);
void clear_event(const UniqueFd& event);

}  // namespace mailslot::os
