// Asks a command to end in good order, on Ctrl-C and the like: SIGINT, SIGTERM, SIGHUP.
#pragma once

#include "mailslot/result.h"
#include "os/handle.h"

namespace mailslot::os {

bool stop_requested();

// Make a single object per program, before the library starts a thread, so that the signals come to
// the main thread.
class StopSignal {
public:
    StopSignal();  // blocks them and SIGALRM: threads started from now on never get them

    // Receives the signals, including those blocked until now. A second signal of a kind ends the
    // program at once. Returns a descriptor that is readable once a stop was requested. From then
    // on any blocking call of the main thread fails with EINTR, every 100 ms again. Errors:
    // no_resources.
    Result<Handle> start();
};

}  // namespace mailslot::os
