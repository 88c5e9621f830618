#pragma once

namespace mailslot::daemon {

// Runs the command line. Returns the exit status.
int run_arguments(int argc, char** argv);

}  // namespace mailslot::daemon
