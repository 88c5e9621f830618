// The commands of the program. Each file of commands/ defines one, and the build lists them. To add
// a command: CONTRIBUTING.md.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "mailslot/argument.h"

namespace mailslot::cli {

// A use of a command: its arguments, and the function that runs the command to the end, after the
// arguments were stored, and returns the exit status.
struct Use {
    Arguments arguments;
    std::function<int()> run;
};

using Prepare = Use (*)();
inline constexpr Prepare kSeparateProgram = nullptr;  // separate_program.h

struct Command {
    int place;  // in the help, from the top
    std::string_view name, summary;
    Prepare prepare;  // kSeparateProgram: mailslot-NAME has the arguments and runs the command
    std::string_view notes;  // the end of the command's help, with examples
};

// Returns the commands of this program in the order of the help.
std::vector<const Command*> all_commands();

}  // namespace mailslot::cli
