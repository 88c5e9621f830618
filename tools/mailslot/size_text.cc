#include "mailslot/size_text.h"

#include <charconv>
#include <limits>

namespace mailslot::cli {
namespace {

struct Unit {
    std::string_view name;
    std::size_t bytes;
};

constexpr Unit kUnits[] = {
    {"", 1},         {"b", 1},          {"k", 1u << 10},       {"kib", 1u << 10},
    {"m", 1u << 20}, {"mib", 1u << 20}, {"g", 1u << 30},       {"gib", 1u << 30},
    {"kb", 1000},    {"mb", 1'000'000}, {"gb", 1'000'000'000},
};

std::string lower(std::string_view text) {
    std::string out;
    for (const char c : text) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
}

}  // namespace

std::optional<std::size_t> parse_size(std::string_view text) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
    if (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
    for (const Unit& unit : kUnits) {
        if (unit.name != lower(rest)) continue;
        if (number > std::numeric_limits<std::size_t>::max() / unit.bytes) return std::nullopt;
        return number * unit.bytes;
    }
    return std::nullopt;
}

std::string size_text(std::size_t bytes) {
    constexpr std::string_view kNames[] = {"", "KiB", "MiB", "GiB"};
    std::size_t unit = 0;
    while (bytes != 0 && bytes % 1024 == 0 && unit + 1 < std::size(kNames)) {
        bytes /= 1024;
        ++unit;
    }
    return std::to_string(bytes) + std::string(kNames[unit]);
}

}  // namespace mailslot::cli
