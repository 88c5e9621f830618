// Ctrl-C and its like end a command in good order: SIGINT, SIGTERM, SIGHUP.
#pragma once

#include "mailslot/result.h"

namespace mailslot::cli {

bool stop_requested();

// One per program, made before the library starts a thread, so that the signals come to the main
// thread.
class StopSignal {
public:
    StopSignal();  // holds the signals back: threads started from now on never get them

    // Takes them from now on, also those held back; a second one ends the program at once.
    // Returns a descriptor that is readable once a stop was requested. Errors: no_resources.
    Result<int> start();
};

}  // namespace mailslot::cli
