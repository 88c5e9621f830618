// The configuration file's own part: TOML to Settings. toml++ is included in toml_settings.cc and
// nowhere else.
#pragma once

#include <string>
#include <string_view>

#include "config/settings_file.h"
#include "mailslot/result.h"
#include "model/settings.h"

namespace mailslot {

// Lets what `text` says override what is in `settings`; `path` is for error messages only.
// Errors: bad_config; `settings` may then be half changed.
// `origins`, where there are some, learn where each value stands.
Result<void> apply_toml(std::string_view text, const std::string& path, Settings& settings,
                        Origins* origins = nullptr);

}  // namespace mailslot
