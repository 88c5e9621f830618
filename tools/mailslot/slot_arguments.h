// Options that describe a slot, each added by a function.
#pragma once

#include "mailslot/mailslot.h"

namespace CLI {
class App;
}

namespace mailslot::cli {

void add_access(CLI::App& verb, SlotOptions& slot);
void add_when_full(CLI::App& verb, SlotOptions& slot);
void add_order(CLI::App& verb, SlotOptions& slot);
void add_require(CLI::App& verb, SlotOptions& slot);

}  // namespace mailslot::cli
