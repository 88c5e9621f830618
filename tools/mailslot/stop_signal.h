// Ctrl-C and its like end a command in good order: SIGINT, SIGTERM, SIGHUP.
#pragma once

#include "mailslot/result.h"

namespace mailslot::cli {

bool stop_requested();

// One per program, made before the library starts a thread, so that the signals come to the main
// thread.
class StopSignal {
public:
    StopSignal();  // holds them back, and SIGALRM: threads started from now on never get them

    // Takes them from now on, also those held back; a second one of a kind ends the program at
    // once. Returns a descriptor that is readable once a stop was requested. From then on whatever
    // blocks the main thread fails with EINTR, every 100 ms again. Errors: no_resources.
    Result<int> start();
};

}  // namespace mailslot::cli
