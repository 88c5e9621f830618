// Case folding by a fixed table, independent of locale, so that all machines agree on which names
// are the same.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace mailslot {

// Simple upper-case mapping of a code point (Unicode Character Database 14.0, field 12 of
// UnicodeData.txt).
char32_t fold(char32_t code_point);

// Folds every code point. Returns nullopt if the text is not well-formed UTF-8.
std::optional<std::string> fold(std::string_view utf8);

bool is_utf8(std::string_view text);
// Length in UTF-16 units, the unit in which Windows counts; `utf8` must be well-formed.
std::size_t utf16_units(std::string_view utf8);

}  // namespace mailslot
