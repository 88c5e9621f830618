#include "config/settings_file.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

#include "config/rules.h"
#include "config/settings_table.h"
#include "config/toml_settings.h"
#include "model/host_names.h"
#include "os/failure.h"
#include "os/file_kind.h"
#include "os/private_file.h"
#include "os/process.h"
#include "os/user.h"
#include "trust/key_folders.h"
#include "trust/keys.h"

namespace mailslot {
namespace {

constexpr const char* kSystemDir = "/run/mailslot";
constexpr const char* kSystemFile = "/etc/mailslot/mailslot.toml";
// A configuration is a page. A path to something much larger gets an error, and no wait.
constexpr std::size_t kMaxFileBytes = 1024 * 1024;

std::string value_of(const SettingsSources& sources, const char* variable) {
    const auto found = sources.environment.find(variable);
    return found != sources.environment.end() ? found->second : std::string();
}

// Ignores a variable that holds no absolute path, as the XDG specification demands.
std::string folder_in(const SettingsSources& sources, const char* variable) {
    std::string folder = value_of(sources, variable);
    return is_folder(folder) ? folder : std::string();
}

std::string dir_without_runtime(const SettingsSources& sources) {
    return "/tmp/mailslot-" + std::to_string(sources.user_id);
}

std::string default_dir(const SettingsSources& sources) {
    if (sources.user_id == 0) return kSystemDir;
    const std::string runtime = folder_in(sources, "XDG_RUNTIME_DIR");
    return runtime.empty() ? dir_without_runtime(sources) : runtime + "/mailslot";
}

// Returns the folder that the same user may have in another environment: a login has
// XDG_RUNTIME_DIR, and cron has not.
std::string other_default_dir(const SettingsSources& sources) {
    const std::string without = dir_without_runtime(sources);
    if (default_dir(sources) != without) return without;
    return "/run/user/" + std::to_string(sources.user_id) + "/mailslot";
}

std::string default_host(const std::string& host_name) {
    std::string host = host_name.substr(0, host_name.find('.'));
    return is_host(host) ? host : "localhost";
}

// Returns the system's name of this machine, if that has a domain and nothing gives another name.
std::string full_host_of(const std::string& host, const std::string& host_name) {
    const std::string first = host_name.substr(0, host_name.find('.'));
    const bool is_ours =
        first.size() < host_name.size() && is_host(host_name) && host_key(first) == host_key(host);
    return is_ours ? host_name : std::string();
}

std::string user_file(const SettingsSources& sources) {
    std::string folder = folder_in(sources, "XDG_CONFIG_HOME");
    if (const std::string home = folder_in(sources, "HOME"); folder.empty() && !home.empty()) {
        folder = home + "/.config";
    }
    return folder.empty() ? folder : folder + "/mailslot/mailslot.toml";
}

// `named_by`: why the file must exist; null if the file may be missing.
Result<void> apply_file(const SettingsSources& sources, const std::string& path,
                        const char* named_by, Settings& settings, Origins* origins) {
    const auto text = sources.read_file(path);
    if (!text) return text.error();
    if (*text) return apply_toml(**text, path, settings, origins);
    if (named_by != nullptr) {
        return Error{Errc::bad_config, "find file", 0,
                     path + ": there is no such file, although " + named_by + " names it"};
    }
    return {};
}

// Lists the folders for keys, beside the files that settings come from.
std::vector<std::string> key_folders_of(const SettingsSources& sources, const Settings& settings) {
    if (!settings.keys_dir.empty()) return {settings.keys_dir};
    const auto beside = [](const std::string& file) {
        const auto slash = file.rfind('/');
        return (slash == file.npos ? "" : file.substr(0, slash + 1)) + "keys";
    };
    const std::string only = sources.options.config.value_or(value_of(sources, "MAILSLOT_CONFIG"));
    if (!only.empty()) return {beside(only)};
    const std::string own = sources.options.system ? "" : user_file(sources);
    if (own.empty()) return {beside(kSystemFile)};
    return {beside(kSystemFile), beside(own)};
}

Result<void> apply_files(const SettingsSources& sources, Settings& settings, Origins* origins) {
    if (const auto& only = sources.options.config) {
        if (only->empty()) {
            return Error{Errc::bad_config, "options", 0, "--config= needs the name of a file"};
        }
        return apply_file(sources, *only, "--config", settings, origins);
    }
    if (const std::string only = value_of(sources, "MAILSLOT_CONFIG"); !only.empty()) {
        return apply_file(sources, only, "MAILSLOT_CONFIG", settings, origins);
    }
    auto applied = apply_file(sources, kSystemFile, nullptr, settings, origins);
    const std::string path = user_file(sources);
    if (!applied || path.empty() || sources.options.system) return applied;
    return apply_file(sources, path, nullptr, settings, origins);
}

// Settings that a variable or an option may give, too.
struct TextSource {
    const char* key;
    const char* variable;
    const char* option;
    std::optional<std::string> SettingsOptions::*given;
};

constexpr TextSource kTextSources[] = {
    {"dir", "MAILSLOT_DIR", "--dir", &SettingsOptions::dir},
    {"host", "MAILSLOT_HOST", "--host", &SettingsOptions::host},
    {"port", "MAILSLOT_PORT", "--port", &SettingsOptions::port},
};

// Applies the text of a variable or option, for settings that are texts or numbers.
Result<void> apply_text(const char* step, const std::string& where, const char* key,
                        const std::string& text, Settings& settings, Origins* origins) {
    const Setting& setting = *find_setting(key);
    const auto applies = [&](auto content) {
        return setting.field.apply(SettingValue{.content = std::move(content)}, settings) ==
               nullptr;
    };
    const auto number = parse_whole(text);
    if (!applies(text) && !(number && applies(*number))) {
        std::string detail = where + "=" + text + ": must be ";
        return Error{Errc::bad_config, step, 0, detail += setting.rule};
    }
    // A machine of its own, which shares nothing with the real machine.
    if (std::string_view(key) == "dir") settings.system_dir = settings.dir;
    if (origins != nullptr) (*origins)[key] = where;
    return {};
}

Result<void> apply_environment(const SettingsSources& sources, Settings& settings,
                               Origins* origins) {
    for (const TextSource& source : kTextSources) {
        const std::string text = value_of(sources, source.variable);
        if (text.empty()) continue;
        auto applied =
            apply_text("environment", source.variable, source.key, text, settings, origins);
        if (!applied) return applied;
    }
    return {};
}

Result<void> apply_options(const SettingsOptions& options, Settings& settings, Origins* origins) {
    if (options.system) {
        settings.dir = settings.system_dir;
        if (origins != nullptr) (*origins)["dir"] = "--system";
    }
    for (const TextSource& source : kTextSources) {
        const auto& text = options.*source.given;
        if (!text) continue;
        auto applied = apply_text("options", source.option, source.key, *text, settings, origins);
        if (!applied) return applied;
    }
    return {};
}

Error unreadable(const std::string& path, int os_code) {
    const os::Failure failure = os::failure_of(os_code);
    const bool is_lack = failure == os::Failure::no_descriptors ||
                         failure == os::Failure::no_open_files || failure == os::Failure::no_memory;
    if (is_lack) return Error{Errc::no_resources, "open file", os_code, path};
    return Error{Errc::bad_config, "open file", os_code, path + ": cannot be read"};
}

// Refuses everything that is no file. Opening a pipe, for example, waits for a writer, perhaps
// forever.
Result<void> check_kind(const std::string& path) {
    const char* kind = "a device";
    switch (os::kind_of(path)) {
        case os::FileKind::missing:  // opening the file says why
        case os::FileKind::file:
            return {};
        case os::FileKind::folder:
            kind = "a folder";
            break;
        case os::FileKind::pipe:
            kind = "a pipe";
            break;
        case os::FileKind::socket:
            kind = "a socket";
            break;
        case os::FileKind::device:
            break;
    }
    return Error{Errc::bad_config, "no file", 0, path + ": is " + kind + ", not a file"};
}

Result<std::optional<std::string>> read_whole_file(const std::string& path) {
    if (auto checked = check_kind(path); !checked) return checked.error();
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        const int os_code = os::last_code();
        if (os::failure_of(os_code) == os::Failure::missing) return std::optional<std::string>();
        return unreadable(path, os_code);
    }
    std::string text(kMaxFileBytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (file.bad()) return unreadable(path, os::last_code());
    if (text.size() > kMaxFileBytes) {
        return Error{Errc::bad_config, "no file", 0,
                     path + ": is over 1 MiB, too large for a configuration"};
    }
    return std::optional<std::string>(std::move(text));
}

// Returns true if another user owns the folder: after su or setpriv, variables may still name the
// previous user's folders.
bool is_another_users(const char* folder) {
    const auto state = os::folder_state(folder);
    return !os::is_root() && state && state->owner != os::this_user();
}

SettingsSources system_sources() {
    SettingsSources sources;
    for (const char* const variable :
         {"MAILSLOT_CONFIG", "MAILSLOT_DIR", "MAILSLOT_HOST", "MAILSLOT_PORT"}) {
        if (const char* const value = std::getenv(variable)) sources.environment[variable] = value;
    }
    for (const char* const variable : {"XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "HOME"}) {
        const char* const value = std::getenv(variable);
        if (value != nullptr && !is_another_users(value)) sources.environment[variable] = value;
    }
    sources.read_file = read_whole_file;
    sources.user_id = os::this_user();
    sources.host_name = os::host_name();
    return sources;
}

}  // namespace

Result<Settings> settings_from(const SettingsSources& sources, Origins* origins) {
    Settings settings;
    settings.dir = default_dir(sources);
    settings.system_dir = kSystemDir;
    settings.host = default_host(sources.host_name);
    if (auto done = apply_files(sources, settings, origins); !done) return done.error();
    if (auto done = apply_environment(sources, settings, origins); !done) return done.error();
    if (auto done = apply_options(sources.options, settings, origins); !done) return done.error();
    if (sources.user_id != 0 && settings.dir == default_dir(sources)) {
        settings.other_dir = other_default_dir(sources);
    }
    settings.full_host = full_host_of(settings.host, sources.host_name);
    settings.key_folders = key_folders_of(sources, settings);
    return settings;
}

Result<Settings> load_settings(const SettingsOptions& options, Origins* origins) {
    SettingsSources sources = system_sources();
    sources.options = options;
    Origins known;
    if (origins == nullptr) origins = &known;
    auto settings = settings_from(sources, origins);
    if (settings && !origins->contains("host")) {
        settings->ask_host = [] {
            const std::string system = os::host_name();
            const std::string host = default_host(system);
            return HostName{host, full_host_of(host, system)};
        };
    }
    if (!settings || !options.with_keys) return settings;
    const auto& folders = settings->key_folders;
    auto keys = trust::Keys::open({[folders] { return trust::load_keys(folders); },
                                   [folders] { return trust::change_of(folders); }},
                                  settings->default_domain);
    if (!keys) return keys.error();
    settings->keys = std::move(*keys);
    return settings;
}

}  // namespace mailslot
