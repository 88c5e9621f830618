// The running program's own file, and other programs in its place.
#pragma once

#include <string>

#include "mailslot/result.h"

namespace mailslot::os {

// Returns the path of the program's file; empty if the system does not tell.
std::string own_program();

// Returns whether the path names a file that this user may run.
bool is_program(const std::string& path);

// Runs another program in place of this one, with the same streams and environment. `arguments`:
// the program's name, the arguments, null. Returns only if that fails.
// Errors: no_permission, no_resources.
Error become_program(const std::string& path, char* const* arguments);

}  // namespace mailslot::os
