// mailslot search: finds messages in a store. A program of its own: tools/history/search.cc.
#include "mailslot/command.h"

namespace mailslot::cli {

extern const Command search_command;
const Command search_command{
    44, "search", "Find messages in a recorded file", kSeparateProgram, {}};

}  // namespace mailslot::cli
