#include "config/toml_settings.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "config/rules.h"
#include "model/carrier_switches.h"
#include "model/fold.h"
#include "model/host_names.h"
#include "model/stream_address.h"
#include "model/trust.h"

// Compiled in, because the library must not bring a run-time dependency
// (docs/decisions/0004-toml-in-the-library.md).
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
// The parser's assertions do not hold for every wrong file ("[("). With NDEBUG they would tell the
// compiler that they hold, and the branches that report the error would be gone.
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(expression) static_assert(true)
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

namespace mailslot {
namespace {

// The option SO_RCVBUF is an int, which the kernel doubles. A buffer below a page would not hold a
// single datagram.
constexpr std::uint64_t kMinReceiveBuffer = 4096, kMaxReceiveBuffer = 1024 * 1024 * 1024;
// At the lower end a writer waits up to 1/16 s for a piece of 64 KiB. No network reaches the upper
// end.
constexpr std::uint64_t kMinSendRate = 1024 * 1024, kMaxSendRate = 1024ull * 1024 * 1024 * 1024;
constexpr std::int64_t kMaxSpinUs = 1000;
constexpr std::int64_t kMaxMessageRate = 1'000'000'000;  // more than any machine takes
constexpr std::size_t kMaxInterfaceBytes = 15;  // IFNAMSIZ of Linux, without the final zero

// Stores an allowed value, and returns null. Otherwise returns the wrong node: `value` or a node
// inside.
using Apply = const toml::node* (*)(const toml::node& value, Settings& settings);

// Hides characters beyond ASCII from toml++ 3.3, which in unexpected places asks its function
// is_non_ascii_horizontal_whitespace() about some that this function declares impossible. Each byte
// of a hidden character becomes a character of the private use area, U+E080 to U+E0FF, which toml++
// takes as ordinary.
std::string disguise(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 128) {
            out += c;
        } else {
            out += {'\xee', static_cast<char>(0x80 | byte >> 6),
                    static_cast<char>(0x80 | (byte & 63))};
        }
    }
    return out;
}

// Undoes disguise(). Characters made by an escape ("\u00f6") stay as they are, except an escape for
// a disguise ("\ue0c3"), which may come out as no text at all.
std::string reveal(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto at = [&text, i](std::size_t n) {
            return static_cast<unsigned char>(text[i + n]);
        };
        const bool is_one =
            at(0) == 0xEE && i + 2 < text.size() && (at(1) == 0x82 || at(1) == 0x83);
        if (!is_one) {
            out += text[i];
            continue;
        }
        out += static_cast<char>((at(1) & 3) << 6 | (at(2) & 63));
        i += 2;
    }
    return out;
}

std::optional<std::string> text_in(const toml::node& node) {
    const auto* const text = node.as_string();
    if (text == nullptr) return std::nullopt;
    std::string revealed = reveal(text->get());
    return is_utf8(revealed) ? std::optional(std::move(revealed)) : std::nullopt;
}

std::string name_in(const toml::key& key) { return reveal(key.str()); }

const toml::node* apply_host(const toml::node& value, Settings& settings) {
    const auto text = text_in(value);
    if (!text || !is_host(*text)) return &value;
    settings.host = *text;
    return nullptr;
}

const toml::node* apply_port(const toml::node& value, Settings& settings) {
    const auto* const number = value.as_integer();
    const auto port = number != nullptr ? port_from(number->get()) : std::nullopt;
    if (!port) return &value;
    settings.port = *port;
    return nullptr;
}

const toml::node* apply_dir(const toml::node& value, Settings& settings) {
    const auto text = text_in(value);
    if (!text || !is_folder(*text)) return &value;
    settings.dir = *text;
    return nullptr;
}

// Stores a list of texts. `is_right` must accept each.
const toml::node* apply_list(const toml::node& value, bool (*is_right)(std::string_view),
                             std::vector<std::string>& list) {
    const auto* const array = value.as_array();
    if (array == nullptr) return &value;
    std::vector<std::string> texts;
    for (const toml::node& element : *array) {
        const auto text = text_in(element);
        if (!text || !is_right(*text)) return &element;
        texts.emplace_back(*text);
    }
    list = std::move(texts);
    return nullptr;
}

const toml::node* apply_domains(const toml::node& value, Settings& settings) {
    return apply_list(value, is_host, settings.domains);
}

const toml::node* apply_host_aliases(const toml::node& value, Settings& settings) {
    return apply_list(value, is_host, settings.host_aliases);
}

const toml::node* apply_interfaces(const toml::node& value, Settings& settings) {
    const auto is_interface = [](std::string_view text) {
        return !text.empty() && text.size() <= kMaxInterfaceBytes;
    };
    return apply_list(value, is_interface, settings.interfaces);
}

// Adds to the peers that an earlier file named.
const toml::node* apply_peers(const toml::node& value, Settings& settings) {
    const auto* const table = value.as_table();
    if (table == nullptr) return &value;
    for (const auto& [name, address] : *table) {
        const auto text = text_in(address);
        if (!text || !is_host(*text) || !is_host(name_in(name))) return &address;
        settings.peers[host_key(name_in(name))] = *text;
    }
    return nullptr;
}

const toml::node* apply_families(const toml::node& value, Settings& settings) {
    const auto text = text_in(value);
    if (text == "both")
        settings.families = Families::both;
    else if (text == "ipv4")
        settings.families = Families::ipv4;
    else if (text == "ipv6")
        settings.families = Families::ipv6;
    else
        return &value;
    return nullptr;
}

const toml::node* apply_hop_limit(const toml::node& value, Settings& settings) {
    const auto* const number = value.as_integer();
    if (number == nullptr || number->get() < 0 || number->get() > 255) return &value;
    settings.hop_limit = static_cast<int>(number->get());
    return nullptr;
}

bool apply_flag(const toml::node& value, bool& flag) {
    const auto* const given = value.as_boolean();
    if (given != nullptr) flag = given->get();
    return given != nullptr;
}

const toml::node* apply_answer_queries(const toml::node& value, Settings& settings) {
    return apply_flag(value, settings.answer_queries) ? nullptr : &value;
}

const toml::node* apply_unicast_peers(const toml::node& value, Settings& settings) {
    return apply_flag(value, settings.unicast_peers) ? nullptr : &value;
}

std::optional<std::uint64_t> size_in(const toml::node& value) {
    if (const auto text = text_in(value)) return parse_size(*text);
    const auto* const number = value.as_integer();
    if (number == nullptr || number->get() < 0) return std::nullopt;
    return static_cast<std::uint64_t>(number->get());
}

const toml::node* apply_receive_buffer(const toml::node& value, Settings& settings) {
    const auto bytes = size_in(value);
    if (!bytes || *bytes < kMinReceiveBuffer || *bytes > kMaxReceiveBuffer) return &value;
    settings.receive_buffer_bytes = *bytes;
    return nullptr;
}

const toml::node* apply_send_rate(const toml::node& value, Settings& settings) {
    const auto bytes = size_in(value);
    if (!bytes || (*bytes != 0 && *bytes < kMinSendRate) || *bytes > kMaxSendRate) return &value;
    settings.send_rate_bytes = *bytes;
    return nullptr;
}

bool apply_rate(const toml::node& value, std::uint64_t& rate) {
    const auto* const number = value.as_integer();
    if (number == nullptr || number->get() < 0 || number->get() > kMaxMessageRate) return false;
    rate = static_cast<std::uint64_t>(number->get());
    return true;
}

const toml::node* apply_max_sender_rate(const toml::node& value, Settings& settings) {
    return apply_rate(value, settings.max_sender_rate) ? nullptr : &value;
}

const toml::node* apply_max_slot_rate(const toml::node& value, Settings& settings) {
    return apply_rate(value, settings.max_slot_rate) ? nullptr : &value;
}

const toml::node* apply_keys(const toml::node& value, Settings& settings) {
    const auto text = text_in(value);
    if (!text || (!text->empty() && !is_folder(*text))) return &value;
    settings.keys_dir = *text;
    return nullptr;
}

const toml::node* apply_default_domain(const toml::node& value, Settings& settings) {
    const auto text = text_in(value);
    if (!text || (!text->empty() && !is_host(*text))) return &value;
    settings.default_domain = *text;
    return nullptr;
}

const toml::node* apply_require(const toml::node& value, Settings& settings) {
    const auto text = text_in(value);
    const auto trust = text ? parse_trust(*text) : std::nullopt;
    if (!trust) return &value;
    settings.require = *trust;
    return nullptr;
}

const toml::node* apply_metrics(const toml::node& value, Settings& settings) {
    const auto text = text_in(value);
    if (!text || (!text->empty() && !parse_stream_address(*text))) return &value;
    settings.metrics = *text;
    return nullptr;
}

const toml::node* apply_metrics_senders(const toml::node& value, Settings& settings) {
    const auto* const number = value.as_integer();
    constexpr std::int64_t kMost = kMaxSenders;
    if (number == nullptr || number->get() < 0 || number->get() > kMost) return &value;
    settings.metrics_senders = static_cast<std::size_t>(number->get());
    return nullptr;
}

using Word = std::pair<std::string_view, bool*>;

// Sets the flags whose words are in the list, and clears all others. Returns null if the list is
// right.
const toml::node* apply_words(const toml::node& value, const std::vector<Word>& words) {
    const auto* const array = value.as_array();
    if (array == nullptr) return &value;
    std::vector<bool*> named;
    for (const toml::node& element : *array) {
        const auto text = text_in(element);
        const auto found =
            std::ranges::find_if(words, [&text](const Word& word) { return text == word.first; });
        if (found == words.end()) return &element;
        named.push_back(found->second);
    }
    for (const auto& [word, flag] : words) *flag = std::ranges::count(named, flag) > 0;
    return nullptr;
}

const toml::node* apply_carriers(const toml::node& value, Settings& settings) {
    std::vector<Word> words;
    for (const auto& [name, is_on] : kCarrierSwitches) words.emplace_back(name, &(settings.*is_on));
    const auto* const wrong = apply_words(value, words);
    return wrong != nullptr || has_carrier(settings) ? wrong : &value;
}

const toml::node* apply_gateway(const toml::node& value, Settings& settings) {
    return apply_words(value, {{"netbios_to_udp", &settings.classic.passes_in},
                               {"udp_to_netbios", &settings.classic.passes_out}});
}

const toml::node* apply_workgroup(const toml::node& value, Settings& settings) {
    const auto text = text_in(value);
    if (!text || !is_netbios_name(*text)) return &value;
    settings.classic.workgroup = *text;
    return nullptr;
}

const toml::node* apply_netbios_names(const toml::node& value, Settings& settings) {
    return apply_list(value, is_suffixed_netbios_name, settings.classic.names);
}

const toml::node* apply_spin(const toml::node& value, Settings& settings) {
    const auto* const number = value.as_integer();
    if (number == nullptr || number->get() < 0 || number->get() > kMaxSpinUs) return &value;
    settings.spin = std::chrono::microseconds(number->get());
    return nullptr;
}

struct Setting {
    std::string_view key;
    std::string_view rule;  // completes "KEY must be"
    Apply apply;
};

// The keys of the file, one row each. Tests check that to_toml(), docs/configuration.md and
// mailslot.toml(5) have the same keys.
constexpr Setting kSettings[] = {
    {"host", kHostRule, apply_host},
    {"host_aliases", R"(a list of names, such as ["www", "files.example.com"])",
     apply_host_aliases},
    {"port", kPortRule, apply_port},
    {"dir", kFolderRule, apply_dir},
    {"domains", R"(a list of names, such as ["SALES", "LAB"])", apply_domains},
    {"peers", R"(a table of names and addresses, such as { filesrv = "10.0.0.7" })", apply_peers},
    {"keys", R"(an absolute path, such as "/etc/mailslot/keys", or empty)", apply_keys},
    {"default_domain", "the name of a domain with a key on this machine, or empty",
     apply_default_domain},
    {"require", R"("none", "domain" or "local")", apply_require},
    {"unicast_peers", "true or false", apply_unicast_peers},
    {"families", R"("both", "ipv4" or "ipv6")", apply_families},
    {"interfaces", R"(a list of interface names, such as ["eth0"])", apply_interfaces},
    {"hop_limit", "a number from 0 to 255", apply_hop_limit},
    {"answer_queries", "true or false", apply_answer_queries},
    {"receive_buffer", R"(from 4KiB to 1GiB, as a number of bytes or a text such as "4MiB")",
     apply_receive_buffer},
    {"send_rate", R"(0, or from 1MiB to 1024GiB, as a number of bytes or a text such as "100MiB")",
     apply_send_rate},
    {"max_sender_rate", "a number of messages a second, 0 for no limit", apply_max_sender_rate},
    {"max_slot_rate", "a number of messages a second, 0 for no limit", apply_max_slot_rate},
    {"metrics", R"("unix:/PATH", or a loopback address such as "127.0.0.1:9138")", apply_metrics},
    {"metrics_senders", "a number from 0 to 65536", apply_metrics_senders},
    {"carriers", kCarriersRule, apply_carriers},
    {"workgroup", R"(1 to 15 letters, digits and characters like "-" and "_", such as "WORKGROUP")",
     apply_workgroup},
    {"netbios_names", R"(a list of NetBIOS names with suffixes, such as ["LAB#1C"])",
     apply_netbios_names},
    {"gateway", R"(a list of "netbios_to_udp" and "udp_to_netbios")", apply_gateway},
    {"spin_us", "a number from 0 to 1000", apply_spin},
};

const Setting* find_setting(std::string_view key) {
    for (const Setting& setting : kSettings) {
        if (setting.key == key) return &setting;
    }
    return nullptr;
}

std::string all_keys() {
    std::string keys;
    for (const Setting& setting : kSettings) (keys += keys.empty() ? "" : ", ") += setting.key;
    return keys;
}

Error error_at(const std::string& path, const toml::source_region& where, std::string_view words) {
    std::string detail = path + ':' + std::to_string(where.begin.line) + ':' +
                         std::to_string(where.begin.column) + ": ";
    return Error{Errc::bad_config, "parse", 0, detail += words};
}

Result<void> apply_one(const toml::key& key, const toml::node& value, const std::string& path,
                       Settings& settings) {
    const std::string name = name_in(key);
    const Setting* const setting = find_setting(name);
    if (setting == nullptr) {
        return error_at(path, key.source(),
                        "unknown setting '" + name + "'; the settings are " + all_keys());
    }
    if (const toml::node* const wrong = setting->apply(value, settings)) {
        return error_at(path, wrong->source(), name + " must be " + std::string(setting->rule));
    }
    return {};
}

void note_origin(const std::string& key, const toml::node& value, const std::string& path,
                 Origins& origins) {
    const auto place_of = [&path](const toml::node& node) {
        return path + ":" + std::to_string(node.source().begin.line);
    };
    if (key != "peers") {
        origins[key] = place_of(value);
        return;
    }
    for (const auto& [name, address] : *value.as_table()) {
        origins["peers." + host_key(name_in(name))] = place_of(address);
    }
}

}  // namespace

Result<void> apply_toml(std::string_view text, const std::string& path, Settings& settings,
                        Origins* origins) {
    if (!is_utf8(text)) return error_at(path, {{1, 1}, {1, 1}, nullptr}, "the file is not UTF-8");
    const std::string disguised = disguise(text);
    const toml::parse_result parsed = toml::parse(std::string_view(disguised));
    if (!parsed) {
        const std::string words = reveal(parsed.error().description());
        // The words may name only the first byte of a character, and are no text then.
        constexpr std::string_view kQuote =
            "write text that is not ASCII in quotes, as in \"K\xc3\xb6ln\"";
        return error_at(path, parsed.error().source(), is_utf8(words) ? words : kQuote);
    }
    for (const auto& [key, value] : parsed.table()) {
        if (auto applied = apply_one(key, value, path, settings); !applied) return applied;
        if (origins != nullptr) note_origin(name_in(key), value, path, *origins);
    }
    return {};
}

}  // namespace mailslot
