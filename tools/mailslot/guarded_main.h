// Start and end of every program: prepares descriptors and signals, and prints a clear line in
// place of an abort if the machine has no memory left.
#pragma once

namespace mailslot::cli {

// Runs `run` and returns its exit status; 1 after an exception.
int guarded_main(const char* program, int argc, char** argv, int (*run)(int, char**));

}  // namespace mailslot::cli
