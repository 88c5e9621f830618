#include "config/settings_table.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/rules.h"
#include "config/toml_text.h"
#include "model/carrier_switches.h"
#include "model/host_names.h"
#include "model/stream_address.h"
#include "model/trust.h"

namespace mailslot {
namespace {

// The option SO_RCVBUF is an int, which the kernel doubles. A buffer below a page would not hold a
// single datagram.
constexpr std::uint64_t kMinReceiveBuffer = 4096, kMaxReceiveBuffer = 1024 * 1024 * 1024;
// At the lower end a writer waits up to 1/16 s for a piece of 64 KiB. No network reaches the upper
// end.
constexpr std::uint64_t kMinSendRate = 1024 * 1024, kMaxSendRate = 1024ull * 1024 * 1024 * 1024;
constexpr std::uint64_t kMinSendRateUnheard = 64 * 1024;
constexpr std::int64_t kMaxMessageRate = 1'000'000'000;  // more than any machine takes
constexpr std::size_t kMaxInterfaceBytes = 15;  // IFNAMSIZ of Linux, without the final zero

using IsRight = bool (*)(std::string_view text);

// In these functions, `get` is a member of Settings, or a function that returns a reference to a
// part of the Settings.

// A text that `is_right` accepts.
template <class Get>
SettingField text(Get get, IsRight is_right) {
    return {[=](const SettingValue& value, Settings& settings) -> const SettingValue* {
                const auto* const given = value.as<std::string>();
                if (given == nullptr || !is_right(*given)) return &value;
                std::invoke(get, settings) = *given;
                return nullptr;
            },
            [=](const Settings& settings) { return toml_text(std::invoke(get, settings)); }};
}

// A list of texts that `is_right` accepts.
template <class Get>
SettingField texts(Get get, IsRight is_right) {
    return {[=](const SettingValue& value, Settings& settings) -> const SettingValue* {
                const auto* const given = value.as<SettingValue::List>();
                if (given == nullptr) return &value;
                std::vector<std::string> list;
                for (const SettingValue& element : *given) {
                    const auto* const one = element.as<std::string>();
                    if (one == nullptr || !is_right(*one)) return &element;
                    list.push_back(*one);
                }
                std::invoke(get, settings) = std::move(list);
                return nullptr;
            },
            [=](const Settings& settings) { return toml_list(std::invoke(get, settings)); }};
}

template <class Get>
SettingField flag(Get get) {
    return {[=](const SettingValue& value, Settings& settings) -> const SettingValue* {
                const auto* const given = value.as<bool>();
                if (given == nullptr) return &value;
                std::invoke(get, settings) = *given;
                return nullptr;
            },
            [=](const Settings& settings) -> std::string {
                return std::invoke(get, settings) ? "true" : "false";
            }};
}

// A number, or a time in its unit.
template <class Get>
SettingField number(Get get, std::int64_t least, std::int64_t most) {
    return {[=](const SettingValue& value, Settings& settings) -> const SettingValue* {
                const auto* const given = value.as<std::int64_t>();
                if (given == nullptr || *given < least || *given > most) return &value;
                auto& field = std::invoke(get, settings);
                field = static_cast<std::remove_reference_t<decltype(field)>>(*given);
                return nullptr;
            },
            [=](const Settings& settings) {
                const auto& field = std::invoke(get, settings);
                if constexpr (requires { field.count(); }) {
                    return std::to_string(field.count());
                } else {
                    return std::to_string(field);
                }
            }};
}

// A number of bytes, also as a text with a unit.
template <class Get>
SettingField size(Get get, std::uint64_t least, std::uint64_t most, bool or_zero) {
    return {[=](const SettingValue& value, Settings& settings) -> const SettingValue* {
                std::optional<std::uint64_t> bytes;
                if (const auto* const given = value.as<std::string>()) bytes = parse_size(*given);
                if (const auto* const given = value.as<std::int64_t>(); given && *given >= 0) {
                    bytes = static_cast<std::uint64_t>(*given);
                }
                const bool is_right =
                    bytes && ((*bytes >= least && *bytes <= most) || (*bytes == 0 && or_zero));
                if (!is_right) return &value;
                std::invoke(get, settings) = *bytes;
                return nullptr;
            },
            [=](const Settings& settings) { return toml_size(std::invoke(get, settings)); }};
}

// A word of a list of words.
template <class Value, class Get>
SettingField choice(Get get, std::vector<std::pair<std::string, Value>> words) {
    return {[=](const SettingValue& value, Settings& settings) -> const SettingValue* {
                const auto* const given = value.as<std::string>();
                if (given == nullptr) return &value;
                const auto found =
                    std::ranges::find(words, *given, &std::pair<std::string, Value>::first);
                if (found == words.end()) return &value;
                std::invoke(get, settings) = found->second;
                return nullptr;
            },
            [=](const Settings& settings) {
                const auto found = std::ranges::find(words, std::invoke(get, settings),
                                                     &std::pair<std::string, Value>::second);
                return toml_text(found->first);
            }};
}

// A list of words, each with a flag. Sets the flags of the words in the list, and clears all others.
template <class Owner, class Get>
SettingField words(Get get, std::vector<std::pair<std::string, bool Owner::*>> all) {
    return {[=](const SettingValue& value, Settings& settings) -> const SettingValue* {
                const auto* const given = value.as<SettingValue::List>();
                if (given == nullptr) return &value;
                const auto has = [given](const std::string& word) {
                    return std::ranges::any_of(*given, [&word](const SettingValue& element) {
                        const auto* const text = element.as<std::string>();
                        return text != nullptr && *text == word;
                    });
                };
                for (const SettingValue& element : *given) {
                    const auto* const text = element.as<std::string>();
                    const auto is_it = [text](const auto& word) { return word.first == *text; };
                    if (text == nullptr || std::ranges::none_of(all, is_it)) return &element;
                }
                for (const auto& [word, is_on] : all) {
                    std::invoke(get, settings).*is_on = has(word);
                }
                return nullptr;
            },
            [=](const Settings& settings) {
                std::vector<std::string> named;
                for (const auto& [word, is_on] : all) {
                    if (std::invoke(get, settings).*is_on) named.push_back(word);
                }
                return toml_list(named);
            }};
}

SettingField carriers() {
    std::vector<std::pair<std::string, bool Settings::*>> all;
    for (const auto& [name, is_on] : kCarrierSwitches) all.emplace_back(name, is_on);
    SettingField field = words<Settings>(std::identity(), std::move(all));
    field.apply = [apply = std::move(field.apply)](const SettingValue& value, Settings& settings) {
        const SettingValue* const wrong = apply(value, settings);
        return wrong != nullptr || has_carrier(settings) ? wrong : &value;
    };
    return field;
}

// Adds to the peers that an earlier file named.
const SettingValue* apply_peers(const SettingValue& value, Settings& settings) {
    const auto* const table = value.as<SettingValue::Table>();
    if (table == nullptr) return &value;
    for (const auto& [name, address] : *table) {
        const auto* const given = address.as<std::string>();
        if (given == nullptr || !is_host(*given) || !is_host(name)) return &address;
        settings.peers[host_key(name)] = *given;
    }
    return nullptr;
}

bool is_interface(std::string_view text) {
    return !text.empty() && text.size() <= kMaxInterfaceBytes;
}
bool is_folder_or_empty(std::string_view text) { return text.empty() || is_folder(text); }
bool is_host_or_empty(std::string_view text) { return text.empty() || is_host(text); }
bool is_stream_or_empty(std::string_view text) {
    return text.empty() || parse_stream_address(text).has_value();
}

std::vector<std::pair<std::string, Trust>> trust_words() {
    std::vector<std::pair<std::string, Trust>> all;
    for (const Trust trust : kAllTrust) all.emplace_back(word_of(trust), trust);
    return all;
}

constexpr auto kClassic = [](auto member) {
    return [member](auto& settings) -> auto& { return settings.classic.*member; };
};

std::vector<Setting> machine_settings() {
    return {
        {"host", kHostRule, "this machine's own name", text(&Settings::host, is_host)},
        {"host_aliases", R"(a list of names, such as ["www", "files.example.com"])",
         "further names of this machine", texts(&Settings::host_aliases, is_host)},
        {"port", kPortRule, "UDP port, the same on all machines that should hear each other",
         number(&Settings::port, 1, 65535)},
        {"dir", kFolderRule, "folder in which the slots of this machine are found",
         text(&Settings::dir, is_folder)},
        {"domains", R"(a list of names, such as ["SALES", "LAB"])",
         "domains that this machine is in", texts(&Settings::domains, is_host)},
        {"keys", R"(an absolute path, such as "/etc/mailslot/keys", or empty)",
         "folder with the keys of domains; empty: beside the configuration",
         text(&Settings::keys_dir, is_folder_or_empty)},
        {"default_domain", "the name of a domain with a key on this machine, or empty",
         "domain whose key seals messages for no domain; empty: not sealed",
         text(&Settings::default_domain, is_host_or_empty)},
        {"require", R"("none", "domain" or "local")",
         "least trust that a slot accepts if the slot names none",
         choice<Trust>(&Settings::require, trust_words())},
    };
}

std::vector<Setting> network_settings() {
    return {
        {"unicast_peers", "true or false",
         "also send messages for many to the address of each peer", flag(&Settings::unicast_peers)},
        {"families", R"("both", "ipv4" or "ipv6")", "address families to use",
         choice<Families>(
             &Settings::families,
             {{"both", Families::both}, {"ipv4", Families::ipv4}, {"ipv6", Families::ipv6}})},
        {"interfaces", R"(a list of interface names, such as ["eth0"])",
         "network interfaces to use; empty: all that are up",
         texts(&Settings::interfaces, is_interface)},
        {"hop_limit", "a number from 0 to 255",
         "routers that a message to a group may cross, plus 1; 0: stays here",
         number(&Settings::hop_limit, 0, 255)},
        {"answer_queries", "true or false", "tell other machines which slots are here",
         flag(&Settings::answer_queries)},
        {"receive_buffer", R"(from 4KiB to 1GiB, as a number of bytes or a text such as "4MiB")",
         "size of a socket's receive buffer",
         size(&Settings::receive_buffer_bytes, kMinReceiveBuffer, kMaxReceiveBuffer, false)},
        {"send_rate",
         R"(0, or from 1MiB to 1024GiB, as a number of bytes or a text such as "100MiB")",
         "bytes a second of a stream to another machine; 0: no bound",
         size(&Settings::send_rate_bytes, kMinSendRate, kMaxSendRate, true)},
        {"send_rate_unheard",
         R"(0, or from 64KiB to 1024GiB, as a number of bytes or a text such as "8MiB")",
         "bytes a second of a stream about which no reports come; 0: send_rate for all",
         size(&Settings::send_rate_unheard_bytes, kMinSendRateUnheard, kMaxSendRate, true)},
        {"group_floor", R"(from 64KiB to 1024GiB, as a number of bytes or a text such as "1MiB")",
         "least bytes a second of a stream to many machines, however slow a reader",
         size(&Settings::group_floor_bytes, kMinSendRateUnheard, kMaxSendRate, false)},
    };
}

std::vector<Setting> office_settings() {
    return {
        {"max_sender_rate", "a number of messages a second, 0 for no limit",
         "messages a second that one machine may put into one slot here",
         number(&Settings::max_sender_rate, 0, kMaxMessageRate)},
        {"max_slot_rate", "a number of messages a second, 0 for no limit",
         "messages a second that all other machines may put into one slot here",
         number(&Settings::max_slot_rate, 0, kMaxMessageRate)},
        {"metrics", R"("unix:/PATH", or a loopback address such as "127.0.0.1:9138")",
         "address of the metrics; empty: no metrics", text(&Settings::metrics, is_stream_or_empty)},
        {"metrics_senders", "a number from 0 to 65536", "senders that metrics list individually",
         number(&Settings::metrics_senders, 0, std::int64_t{kMaxSenders})},
    };
}

std::vector<Setting> carrier_settings() {
    return {
        {"carriers", kCarriersRule, "how messages travel", carriers()},
        {"workgroup",
         R"(1 to 15 letters, digits and characters like "-" and "_", such as "WORKGROUP")",
         "group that * means on the classic wire",
         text(kClassic(&ClassicSettings::workgroup), is_netbios_name)},
        {"netbios_names", R"(a list of NetBIOS names with suffixes, such as ["LAB#1C"])",
         "further NetBIOS names of this machine",
         texts(kClassic(&ClassicSettings::names), is_suffixed_netbios_name)},
        {"gateway", R"(a list of "netbios_to_udp" and "udp_to_netbios")",
         "directions in which messages pass from carrier to carrier",
         words<ClassicSettings>(&Settings::classic,
                                {{"netbios_to_udp", &ClassicSettings::passes_in},
                                 {"udp_to_netbios", &ClassicSettings::passes_out}})},
    };
}

std::vector<Setting> other_settings() {
    return {
        {"spin_us", "a number from 0 to 1000",
         "microseconds for which a reader looks again before it sleeps",
         number(&Settings::spin, 0, 1000)},
        {kPeersKey,
         R"(a table of names and addresses, such as { filesrv = "10.0.0.7" })",
         "machines that no resolver knows",
         {apply_peers, nullptr}},
    };
}

std::vector<Setting> make_settings() {
    std::vector<Setting> all;
    for (auto* const group :
         {machine_settings, network_settings, office_settings, carrier_settings, other_settings}) {
        std::ranges::move(group(), std::back_inserter(all));
    }
    return all;
}

}  // namespace

std::span<const Setting> all_settings() {
    static const std::vector<Setting> settings = make_settings();
    return settings;
}

const Setting* find_setting(std::string_view key) {
    const auto found = std::ranges::find(all_settings(), key, &Setting::key);
    return found != all_settings().end() ? &*found : nullptr;
}

}  // namespace mailslot
