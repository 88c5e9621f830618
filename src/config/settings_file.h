// Where settings come from, each overriding the one before: built in, /etc/mailslot/mailslot.toml,
// $XDG_CONFIG_HOME/mailslot/mailslot.toml, the environment. For people: docs/configuration.md.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "mailslot/result.h"
#include "model/settings.h"

namespace mailslot {

// Errors: bad_config; `detail` says file, line, column, and what is allowed there.
Result<Settings> load_settings();

// What load_settings() asks of the world.
struct SettingsSources {
    std::map<std::string, std::string> environment;  // an empty value counts as none
    // No value: there is no such file. An error: there is one, and it cannot be read.
    std::function<Result<std::optional<std::string>>(const std::string& path)> read_file;
    std::uint32_t user_id = 0;
    std::string host_name;  // as the system says it, perhaps with a domain
};

// Pure. Errors: as load_settings().
Result<Settings> settings_from(const SettingsSources& sources);

}  // namespace mailslot
