#include "config/settings_text.h"

#include <array>
#include <cstdio>
#include <initializer_list>
#include <utility>
#include <vector>

#include "config/toml_settings.h"
#include "model/carrier_switches.h"
#include "model/trust.h"

namespace mailslot {
namespace {

constexpr std::size_t kCommentColumn = 40;

// Returns a basic string of TOML (TOML 1.0, "String").
std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            (out += '\\') += c;
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            std::array<char, 8> code;
            std::snprintf(code.data(), code.size(), "\\u%04x", static_cast<unsigned char>(c));
            out += code.data();
        } else {
            out += c;
        }
    }
    return out += '"';
}

std::string list_of(const std::vector<std::string>& texts) {
    std::string out = "[";
    for (const std::string& text : texts) (out += out.size() > 1 ? ", " : "") += quoted(text);
    return out += "]";
}

std::string size_of(std::uint64_t bytes) {
    for (const auto& [unit, shift] :
         {std::pair("GiB", 30), std::pair("MiB", 20), std::pair("KiB", 10)}) {
        const std::uint64_t one = std::uint64_t{1} << shift;
        if (bytes >= one && bytes % one == 0) {
            return quoted(std::to_string(bytes / one) + unit);
        }
    }
    return std::to_string(bytes);
}

std::string flag_of(bool flag) { return flag ? "true" : "false"; }

std::string families_of(Families families) {
    return families == Families::both   ? "\"both\""
           : families == Families::ipv4 ? "\"ipv4\""
                                        : "\"ipv6\"";
}

std::vector<std::string> words_of(std::initializer_list<std::pair<const char*, bool>> words) {
    std::vector<std::string> chosen;
    for (const auto& [word, is_chosen] : words) {
        if (is_chosen) chosen.emplace_back(word);
    }
    return chosen;
}

std::vector<std::string> carriers_of(const Settings& settings) {
    std::vector<std::string> chosen;
    for (const auto& [name, is_on] : kCarrierSwitches) {
        if (settings.*is_on) chosen.emplace_back(name);
    }
    return chosen;
}

class Lines {
public:
    explicit Lines(const Origins& origins) : origins_(origins) {}

    void add(const std::string& key, const std::string& value, const std::string& origin_key) {
        std::string line = key + " = " + value;
        line.resize(std::max(line.size() + 1, kCommentColumn), ' ');
        const auto found = origins_.find(origin_key);
        text += line + "# " + (found != origins_.end() ? found->second : "built in") + "\n";
    }
    void add(const std::string& key, const std::string& value) { add(key, value, key); }

    std::string text;

private:
    const Origins& origins_;
};

}  // namespace

std::string to_toml(const Settings& settings, const Origins& origins) {
    Lines lines(origins);
    lines.add("host", quoted(settings.host));
    lines.add("host_aliases", list_of(settings.host_aliases));
    lines.add("port", std::to_string(settings.port));
    lines.add("dir", quoted(settings.dir));
    lines.add("domains", list_of(settings.domains));
    lines.add("keys", quoted(settings.keys_dir));
    lines.add("default_domain", quoted(settings.default_domain));
    lines.add("require", quoted(std::string(word_of(settings.require))));
    lines.add("unicast_peers", flag_of(settings.unicast_peers));
    lines.add("families", families_of(settings.families));
    lines.add("interfaces", list_of(settings.interfaces));
    lines.add("hop_limit", std::to_string(settings.hop_limit));
    lines.add("answer_queries", flag_of(settings.answer_queries));
    lines.add("receive_buffer", size_of(settings.receive_buffer_bytes));
    lines.add("send_rate", size_of(settings.send_rate_bytes));
    lines.add("max_sender_rate", std::to_string(settings.max_sender_rate));
    lines.add("max_slot_rate", std::to_string(settings.max_slot_rate));
    lines.add("metrics", quoted(settings.metrics));
    lines.add("metrics_senders", std::to_string(settings.metrics_senders));
    lines.add("carriers", list_of(carriers_of(settings)));
    lines.add("workgroup", quoted(settings.classic.workgroup));
    lines.add("netbios_names", list_of(settings.classic.names));
    lines.add("gateway", list_of(words_of({{"netbios_to_udp", settings.classic.passes_in},
                                           {"udp_to_netbios", settings.classic.passes_out}})));
    lines.add("spin_us", std::to_string(settings.spin.count()));
    lines.text += settings.peers.empty() ? "" : "\n[peers]\n";
    for (const auto& [name, address] : settings.peers) {
        lines.add(quoted(name), quoted(address), "peers." + name);
    }
    return lines.text;
}

}  // namespace mailslot
