// What a thread may want of the system for itself.
#pragma once

#include <functional>

namespace mailslot::os {

// Runs `work` on a thread that nobody waits for and no signal handler runs on. False: no thread to
// be had. `work` must own everything it touches.
bool run_detached(std::function<void()> work);

// The calling thread's sleeps end when they should, not up to 50 microseconds later.
void use_precise_timers();

}  // namespace mailslot::os
