// mailslot record: records the messages of slots into a store. A program of its own: tools/history/record.cc.
#include "mailslot/command.h"

namespace mailslot::cli {

extern const Command record_command;
const Command record_command{
    43, "record", "Record the messages of slots into a file", kSeparateProgram, {}};

}  // namespace mailslot::cli
