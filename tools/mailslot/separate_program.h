// Commands that are programs of their own, such as mailslot-search, so that the others need not link
// the libraries of these.
#pragma once

#include <string_view>

namespace mailslot::cli {

// Runs the program mailslot-NAME with the arguments of this program, in its place. Looks in the
// folder MAILSLOT_LIBEXEC, in ../libexec/mailslot beside this program's folder, and in this
// program's folder. Returns the exit status only if there is no such program.
int run_separate_program(std::string_view name, char** argv);

}  // namespace mailslot::cli
