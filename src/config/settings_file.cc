#include "config/settings_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>

#include "config/rules.h"
#include "config/toml_settings.h"

namespace mailslot {
namespace {

constexpr const char* kSystemDir = "/run/mailslot";
constexpr const char* kSystemFile = "/etc/mailslot/mailslot.toml";
// A configuration is a page; whoever points us at something else should hear so, not wait.
constexpr std::size_t kMaxFileBytes = 1024 * 1024;

std::string value_of(const SettingsSources& sources, const char* variable) {
    const auto found = sources.environment.find(variable);
    return found != sources.environment.end() ? found->second : std::string();
}

// The XDG specification has variables ignored that hold no absolute path.
std::string folder_in(const SettingsSources& sources, const char* variable) {
    std::string folder = value_of(sources, variable);
    return is_folder(folder) ? folder : std::string();
}

std::string default_dir(const SettingsSources& sources) {
    if (sources.user_id == 0) return kSystemDir;
    const std::string runtime = folder_in(sources, "XDG_RUNTIME_DIR");
    return runtime.empty() ? "/tmp/mailslot-" + std::to_string(sources.user_id)
                           : runtime + "/mailslot";
}

std::string default_host(const std::string& host_name) {
    std::string host = host_name.substr(0, host_name.find('.'));
    return is_host(host) ? host : "localhost";
}

std::string user_file(const SettingsSources& sources) {
    std::string folder = folder_in(sources, "XDG_CONFIG_HOME");
    if (const std::string home = folder_in(sources, "HOME"); folder.empty() && !home.empty()) {
        folder = home + "/.config";
    }
    return folder.empty() ? folder : folder + "/mailslot/mailslot.toml";
}

Result<void> apply_file(const SettingsSources& sources, const std::string& path, bool must_exist,
                        Settings& settings) {
    const auto text = sources.read_file(path);
    if (!text) return text.error();
    if (*text) return apply_toml(**text, path, settings);
    if (must_exist) {
        return Error{Errc::bad_config, "open", ENOENT,
                     path + ": there is no such file, but MAILSLOT_CONFIG names it"};
    }
    return {};
}

Result<void> apply_files(const SettingsSources& sources, Settings& settings) {
    if (const std::string only = value_of(sources, "MAILSLOT_CONFIG"); !only.empty()) {
        return apply_file(sources, only, true, settings);
    }
    if (auto applied = apply_file(sources, kSystemFile, false, settings); !applied) return applied;
    const std::string path = user_file(sources);
    return path.empty() ? Result<void>() : apply_file(sources, path, false, settings);
}

Error bad_variable(const char* variable, const std::string& value, std::string_view rule) {
    std::string detail = std::string(variable) + "=" + value + ": must be ";
    return Error{Errc::bad_config, "environment", 0, detail += rule};
}

Result<void> apply_environment(const SettingsSources& sources, Settings& settings) {
    if (const std::string dir = value_of(sources, "MAILSLOT_DIR"); !dir.empty()) {
        if (!is_folder(dir)) return bad_variable("MAILSLOT_DIR", dir, kFolderRule);
        settings.dir = settings.system_dir =
            dir;  // a machine of its own: nothing shared with the real one
    }
    if (const std::string host = value_of(sources, "MAILSLOT_HOST"); !host.empty()) {
        if (!is_host(host)) return bad_variable("MAILSLOT_HOST", host, kHostRule);
        settings.host = host;
    }
    if (const std::string text = value_of(sources, "MAILSLOT_PORT"); !text.empty()) {
        const auto port = parse_port(text);
        if (!port) return bad_variable("MAILSLOT_PORT", text, kPortRule);
        settings.port = *port;
    }
    return {};
}

Error unreadable(const std::string& path, int os_code) {
    return Error{Errc::bad_config, "read", os_code, path + ": cannot be read"};
}

Result<std::optional<std::string>> read_whole_file(const std::string& path) {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        if (errno == ENOENT || errno == ENOTDIR) return std::optional<std::string>();
        return unreadable(path, errno);
    }
    std::string text(kMaxFileBytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (file.bad()) return unreadable(path, errno);  // a folder, for one
    if (text.size() > kMaxFileBytes) {
        return Error{Errc::bad_config, "read", 0,
                     path + ": is over 1 MiB, which is no configuration"};
    }
    return std::optional<std::string>(std::move(text));
}

// After su or setpriv these may still name the folders of the user that was before.
bool is_another_users(const char* folder) {
    struct stat status {};
    return geteuid() != 0 && stat(folder, &status) == 0 && status.st_uid != geteuid();
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
    sources.user_id = geteuid();
    std::array<char, 256> name{};  // HOST_NAME_MAX is 64; the last byte stays zero
    if (gethostname(name.data(), name.size() - 1) == 0) sources.host_name = name.data();
    return sources;
}

}  // namespace

Result<Settings> settings_from(const SettingsSources& sources) {
    Settings settings;
    settings.dir = default_dir(sources);
    settings.system_dir = kSystemDir;
    settings.host = default_host(sources.host_name);
    if (auto applied = apply_files(sources, settings); !applied) return applied.error();
    if (auto applied = apply_environment(sources, settings); !applied) return applied.error();
    return settings;
}

Result<Settings> load_settings() { return settings_from(system_sources()); }

}  // namespace mailslot
