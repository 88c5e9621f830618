// Prints settings as a configuration file has them.
#pragma once

#include <string>

#include "config/settings_file.h"
#include "model/settings.h"

namespace mailslot {

enum class Help : bool { without, with };

// Returns every setting, with the origin of the value as a comment. As a file, the text gives the
// same settings again. With help, a comment before each setting says what the setting is.
std::string to_toml(const Settings& settings, const Origins& origins, Help help = Help::without);

}  // namespace mailslot
