// Tells which network namespace this thread is in.
#pragma once

#include "model/machine_id.h"

namespace mailslot::os {

NetworkId own_network();

}  // namespace mailslot::os
