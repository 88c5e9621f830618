// mailslot export: prints the messages of a store. A program of its own: tools/history/export.cc.
#include "mailslot/command.h"

namespace mailslot::cli {

extern const Command export_command;
const Command export_command{
    46, "export", "Print all messages of a recorded file", kSeparateProgram, {}};

}  // namespace mailslot::cli
