#include "config/settings_text.h"

#include <algorithm>

#include "config/settings_table.h"
#include "config/toml_text.h"

namespace mailslot {
namespace {

constexpr std::size_t kCommentColumn = 40;

void add_line(std::string& out, const std::string& key, const std::string& value,
              const std::string& origin_key, const Origins& origins) {
    std::string line = key + " = " + value;
    line.resize(std::max(line.size() + 1, kCommentColumn), ' ');
    const auto found = origins.find(origin_key);
    out += line + "# " + (found != origins.end() ? found->second : "built in") + "\n";
}

void add_help(std::string& out, const Setting& setting) {
    ((out += "\n# ") += setting.help) += '\n';
}

}  // namespace

std::string to_toml(const Settings& settings, const Origins& origins, Help help) {
    std::string out;
    for (const Setting& setting : all_settings()) {
        if (!setting.field.print) continue;
        if (help == Help::with) add_help(out, setting);
        const std::string key(setting.key);
        add_line(out, key, setting.field.print(settings), key, origins);
    }
    if (settings.peers.empty()) return out;
    if (help == Help::with) add_help(out, *find_setting(kPeersKey));
    out += help == Help::with ? "[peers]\n" : "\n[peers]\n";
    for (const auto& [name, address] : settings.peers) {
        add_line(out, toml_text(name), toml_text(address), "peers." + name, origins);
    }
    return out;
}

}  // namespace mailslot
