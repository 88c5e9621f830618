// Options that describe a slot.
#pragma once

#include "mailslot/argument.h"
#include "mailslot/mailslot.h"

namespace mailslot::cli {

Argument access_option(SlotOptions& slot);
Argument require_option(SlotOptions& slot);
// Returns the options for a slot's size and behaviour, these two included.
Arguments slot_options(SlotOptions& slot);

}  // namespace mailslot::cli
