// Settings as a configuration file has them.
#pragma once

#include <string>

#include "config/settings_file.h"
#include "model/settings.h"

namespace mailslot {

// Every setting, with where its value comes from as a comment: a file that says the same again.
std::string to_toml(const Settings& settings, const Origins& origins);

}  // namespace mailslot
