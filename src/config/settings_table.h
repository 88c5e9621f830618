// The settings, a row each, in the order in which they are printed. Files, variables, options and
// printed configurations all use this table. To add a setting: CONTRIBUTING.md.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "config/setting_value.h"
#include "model/settings.h"

namespace mailslot {

// Name of the setting that is a table of the file. A TOML file must have it last.
inline constexpr std::string_view kPeersKey = "peers";

// The way between a value of the file and the fields of Settings.
struct SettingField {
    // Stores an allowed value, and returns null. Otherwise returns the wrong value: `value` or an
    // element of `value`.
    std::function<const SettingValue*(const SettingValue& value, Settings& settings)> apply;
    // Returns the value as TOML. Null for a table.
    std::function<std::string(const Settings& settings)> print;
};

struct Setting {
    std::string_view key;
    std::string_view rule;  // completes "KEY must be"
    std::string_view help;
    SettingField field;
};

std::span<const Setting> all_settings();
// Returns null if there is no such setting.
const Setting* find_setting(std::string_view key);

}  // namespace mailslot
