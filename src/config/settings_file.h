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

// Where a setting's value stands: by key, as in the file ("peers.FILESRV" for one peer), in words:
// "FILE:LINE", "MAILSLOT_PORT", "--port". Those that are built in are not in it.
using Origins = std::map<std::string, std::string>;

// What a command line says. No value: nothing.
struct SettingsOptions {
    std::optional<std::string> config{}, dir{}, host{}, port{};
    bool system = false;    // the whole machine's folder
    bool with_keys = true;  // reads key files, too; a bad one is an error
};

// Errors: bad_config; `detail` says file, line, column, and what is allowed there.
Result<Settings> load_settings(const SettingsOptions& options = {}, Origins* origins = nullptr);

// What load_settings() asks of the world.
struct SettingsSources {
    std::map<std::string, std::string> environment;  // an empty value counts as none
    // No value: there is no such file. An error: there is one, and it cannot be read.
    std::function<Result<std::optional<std::string>>(const std::string& path)> read_file;
    std::uint32_t user_id = 0;
    std::string host_name;  // as the system says it, perhaps with a domain
    SettingsOptions options{};
};

// Pure. Errors: as load_settings().
Result<Settings> settings_from(const SettingsSources& sources, Origins* origins = nullptr);

}  // namespace mailslot
