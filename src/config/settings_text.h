// Prints settings as a configuration file has them.
#pragma once

#include <string>

#include "config/settings_file.h"
#include "model/settings.h"

namespace mailslot {

// Returns every setting, with the origin of the value as a comment. As a file, the text gives the
// same settings again.
std::string to_toml(const Settings& settings, const Origins& origins);

}  // namespace mailslot
