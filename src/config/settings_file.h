// Loads settings. Each source overrides the sources before: built in, /etc/mailslot/mailslot.toml,
// $XDG_CONFIG_HOME/mailslot/mailslot.toml, the environment, the command line. For people:
// docs/configuration.md.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "mailslot/result.h"
#include "model/settings.h"

namespace mailslot {

// Origins of values, by key as in the file ("peers.FILESRV" for a peer), in words: "FILE:LINE",
// "MAILSLOT_PORT", "--port". Built-in values are not listed.
using Origins = std::map<std::string, std::string>;

// Options of a command line; nullopt if not given.
struct SettingsOptions {
    std::optional<std::string> config{}, dir{}, host{}, port{};
    bool system = false;    // the whole machine's folder
    bool with_keys = true;  // reads key files, too; a bad file is an error
};

// Errors: bad_config, with file, line, column and the rule in `detail`; no_resources.
Result<Settings> load_settings(const SettingsOptions& options = {}, Origins* origins = nullptr);

// The outside world as load_settings() sees it.
struct SettingsSources {
    std::map<std::string, std::string> environment;  // an empty value counts as none
    // Returns nullopt if there is no such file. Returns an error if the file cannot be read.
    std::function<Result<std::optional<std::string>>(const std::string& path)> read_file;
    std::uint32_t user_id = 0;
    std::string host_name;  // as the system says it, perhaps with a domain
    SettingsOptions options{};
};

// Pure.
// Errors: as load_settings().
Result<Settings> settings_from(const SettingsSources& sources, Origins* origins = nullptr);

}  // namespace mailslot
