// Turns TOML into Settings. Only toml_settings.cc includes toml++.
#pragma once

#include <string>
#include <string_view>

#include "config/settings_file.h"
#include "mailslot/result.h"
#include "model/settings.h"

namespace mailslot {

// Overrides `settings` by the values in `text`. `path` is for error messages only. If `origins` is
// given, adds the place of each value.
// Errors: bad_config; `settings` may then be half changed.
Result<void> apply_toml(std::string_view text, const std::string& path, Settings& settings,
                        Origins* origins = nullptr);

}  // namespace mailslot
