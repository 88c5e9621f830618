// Bytes written as hex in tests: "6d73 01 00".
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace mailslot::wire {

inline unsigned from_hex_digit(char digit) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const std::size_t value = kDigits.find(digit);
    if (value == kDigits.npos) throw std::invalid_argument("not a hex digit");
    return static_cast<unsigned>(value);
}

// White space between bytes is left out.
inline std::vector<std::byte> from_hex(std::string_view text) {
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i < text.size();) {
        if (text[i] == ' ' || text[i] == '\n') {
            ++i;
            continue;
        }
        if (i + 1 == text.size()) throw std::invalid_argument("half a byte");
        bytes.push_back(std::byte(from_hex_digit(text[i]) << 4 | from_hex_digit(text[i + 1])));
        i += 2;
    }
    return bytes;
}

}  // namespace mailslot::wire
