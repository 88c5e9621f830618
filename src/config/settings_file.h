// Where settings come from, each overriding the one before: built in, /etc/mailslot/mailslot.toml,
// $XDG_CONFIG_HOME/mailslot/mailslot.toml, the environment.
#pragma once

#include "mailslot/result.h"
#include "model/settings.h"

namespace mailslot {

// Errors: bad_config; `detail` says file, line, column, and what is allowed there.
Result<Settings> load_settings();

}  // namespace mailslot
