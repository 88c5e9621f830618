// Messages of the commands for people: a line each, on standard error.
#pragma once

#include <string_view>

#include "mailslot/result.h"

namespace mailslot::cli {

// Prints "mailslot: LINE", in a single write so that lines of several programs stay whole.
void say(std::string_view line);

// Prints the error and returns its exit status. `about` goes before the error: "slot LISTENER: ".
int fail(const Error& error, std::string_view about = {});

// Like fail(), and adds the slot or address if the error names none.
int fail_for(std::string_view name, Error error, std::string_view about = {});

}  // namespace mailslot::cli
