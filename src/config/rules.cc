#include "config/rules.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "model/fold.h"

namespace mailslot {
namespace {

// A frame has a single length byte for the host. More than the longest DNS name, 253 characters.
constexpr std::size_t kMaxHostBytes = 255;

// Returns all of `text` as a number, or nullopt.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
    Number number{};
    const char* const end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, number);
    if (failure != std::errc{} || stop != end || text.empty()) return std::nullopt;
    return number;
}

}  // namespace

bool is_host(std::string_view text) {
    if (text.empty() || text == "." || text.size() > kMaxHostBytes || !is_utf8(text)) return false;
    return std::ranges::none_of(text, [](char c) {
        return c == '\\' || c == '/' || c == '*' || static_cast<unsigned char>(c) < 0x20 ||
               c == 0x7f;
    });
}

bool is_netbios_name(std::string_view text) {
    constexpr std::size_t kMaxBytes = 15;  // the 16th is the suffix
    return !text.empty() && text.size() <= kMaxBytes && std::ranges::all_of(text, [](char c) {
        return c > ' ' && c < 0x7f &&
               std::string_view("\\/*?<>|:\"").find(c) == std::string_view::npos;
    });
}

bool is_suffixed_netbios_name(std::string_view text) {
    const std::size_t mark = text.rfind('#');
    if (mark == std::string_view::npos || text.size() != mark + 3) return false;
    return is_netbios_name(text.substr(0, mark)) &&
           text.find_first_not_of("0123456789ABCDEFabcdef", mark + 1) == std::string_view::npos;
}

bool is_folder(std::string_view text) {
    return text.starts_with('/') && text.find('\0') == std::string_view::npos;
}

std::optional<std::int64_t> parse_whole(std::string_view text) {
    return parse_number<std::int64_t>(text);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    unsigned shift = 0;
    if (text.ends_with("KiB")) shift = 10;
    if (text.ends_with("MiB")) shift = 20;
    if (text.ends_with("GiB")) shift = 30;
    if (shift != 0) text.remove_suffix(3);
    while (shift != 0 && text.ends_with(' ')) text.remove_suffix(1);
    const auto number = parse_number<std::uint64_t>(text);
    if (!number || *number > std::numeric_limits<std::uint64_t>::max() >> shift)
        return std::nullopt;
    return *number << shift;
}

}  // namespace mailslot
