// Parses the command line.
#pragma once

namespace mailslot::cli {

// Runs the verb that the arguments name, and returns the program's exit status.
int run_command_line(int argc, char** argv);

}  // namespace mailslot::cli
