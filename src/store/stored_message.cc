#include "store/stored_message.h"

#include <charconv>

#include "store/limits.h"
#include "wire/labels.h"

namespace mailslot::store {
namespace {

// Parses a number that fills the whole text.
template <class Number>
std::optional<Number> whole_number(std::string_view text) {
    Number number = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stopped != end) return std::nullopt;
    return number;
}

}  // namespace

std::optional<Position> parse_position(std::string_view text) {
    const std::size_t dash = text.find('-');
    if (dash == text.npos) return std::nullopt;
    const auto chunk = whole_number<std::uint64_t>(text.substr(0, dash));
    const auto row = whole_number<std::uint32_t>(text.substr(dash + 1));
    if (!chunk || !row) return std::nullopt;
    return Position{*chunk, *row};
}

std::optional<std::uint16_t> level_in(std::string_view label_block) {
    std::optional<std::uint16_t> level;
    if (label_block.empty()) return level;
    wire::for_each_label(label_block, [&level](const Label& label) {
        if (label.name == "level") level = whole_number<std::uint16_t>(label.value);
    });
    if (level && *level > kMaxLevel) level.reset();
    return level;
}

}  // namespace mailslot::store
