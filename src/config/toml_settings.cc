#include "config/toml_settings.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "config/setting_value.h"
#include "config/settings_table.h"
#include "model/fold.h"
#include "model/host_names.h"

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

SettingValue value_of(const toml::node& node) {
    SettingValue value{.line = node.source().begin.line, .column = node.source().begin.column};
    if (auto text = text_in(node)) {
        value.content = std::move(*text);
    } else if (const auto* const number = node.as_integer()) {
        value.content = number->get();
    } else if (const auto* const flag = node.as_boolean()) {
        value.content = flag->get();
    } else if (const auto* const array = node.as_array()) {
        auto& list = value.content.emplace<SettingValue::List>();
        for (const toml::node& element : *array) list.push_back(value_of(element));
    } else if (const auto* const table = node.as_table()) {
        auto& all = value.content.emplace<SettingValue::Table>();
        for (const auto& [key, element] : *table) all.emplace_back(name_in(key), value_of(element));
    }
    return value;
}

std::string all_keys() {
    std::string keys;
    for (const Setting& setting : all_settings()) (keys += keys.empty() ? "" : ", ") += setting.key;
    return keys;
}

Error error_at(const std::string& path, std::uint32_t line, std::uint32_t column,
               std::string_view words) {
    std::string detail = path + ':' + std::to_string(line) + ':' + std::to_string(column) + ": ";
    return Error{Errc::bad_config, "parse", 0, detail += words};
}

void note_origin(const std::string& key, const SettingValue& value, const std::string& path,
                 Origins& origins) {
    const auto place_of = [&path](const SettingValue& at) {
        return path + ":" + std::to_string(at.line);
    };
    const auto* const table = value.as<SettingValue::Table>();
    if (table == nullptr) {
        origins[key] = place_of(value);
        return;
    }
    for (const auto& [name, element] : *table) {
        origins[key + "." + host_key(name)] = place_of(element);
    }
}

Result<void> apply_one(const toml::key& key, const toml::node& node, const std::string& path,
                       Settings& settings, Origins* origins) {
    const std::string name = name_in(key);
    const Setting* const setting = find_setting(name);
    if (setting == nullptr) {
        return error_at(path, key.source().begin.line, key.source().begin.column,
                        "unknown setting '" + name + "'; the settings are " + all_keys());
    }
    const SettingValue value = value_of(node);
    if (const SettingValue* const wrong = setting->field.apply(value, settings)) {
        return error_at(path, wrong->line, wrong->column,
                        name + " must be " + std::string(setting->rule));
    }
    if (origins != nullptr) note_origin(name, value, path, *origins);
    return {};
}

}  // namespace

Result<void> apply_toml(std::string_view text, const std::string& path, Settings& settings,
                        Origins* origins) {
    if (!is_utf8(text)) return error_at(path, 1, 1, "the file is not UTF-8");
    const std::string disguised = disguise(text);
    const toml::parse_result parsed = toml::parse(std::string_view(disguised));
    if (!parsed) {
        const std::string words = reveal(parsed.error().description());
        // The words may name only the first byte of a character, and are no text then.
        constexpr std::string_view kQuote =
            "write text that is not ASCII in quotes, as in \"K\xc3\xb6ln\"";
        const toml::source_position at = parsed.error().source().begin;
        return error_at(path, at.line, at.column, is_utf8(words) ? words : kQuote);
    }
    for (const auto& [key, value] : parsed.table()) {
        auto applied = apply_one(key, value, path, settings, origins);
        if (!applied) return applied;
    }
    return {};
}

}  // namespace mailslot
