// Options of all commands that print messages.
#pragma once

#include "mailslot/argument.h"

namespace mailslot::cli {

struct PrintOptions {
    bool json = false;
    bool raw = false;
    bool with_host = false;
    bool marks = false;   // mark untrusted messages in plain lines
    bool decode = false;  // explain messages of the classic wire's well-known slots in words
};

// Returns --json, --raw and --decode.
Arguments print_arguments(PrintOptions& print);

}  // namespace mailslot::cli
