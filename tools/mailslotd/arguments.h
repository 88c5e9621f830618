#pragma once

namespace mailslot::daemon {

// Runs what the command line says; the exit status.
int run_arguments(int argc, char** argv);

}  // namespace mailslot::daemon
