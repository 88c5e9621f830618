// What the commands say to people: one line each, on standard error.
#pragma once

#include <string_view>

#include "mailslot/result.h"

namespace mailslot::cli {

void say(std::string_view
             line);  // "mailslot: LINE", in one write so that lines of several programs stay whole

// Says what went wrong and returns the exit status for it. `about` goes before it: "slot LISTENER:
// ".
int fail(const Error& error, std::string_view about = {});

// The same, and names the slot or address where the error itself names nothing.
int fail_for(std::string_view name, Error error, std::string_view about = {});

}  // namespace mailslot::cli
