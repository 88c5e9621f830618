// Bytes written as hex in tests: "6d73 01 00", and back without the white space.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace mailslot::wire {

inline unsigned from_hex_digit(char digit) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const std::size_t value = kDigits.find(digit);
    if (value == kDigits.npos) throw std::invalid_argument("not a hex digit");
    return static_cast<unsigned>(value);
}

// Ignores white space between bytes.
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

inline std::string to_hex(std::string_view bytes) {
    std::string hex;
    for (const unsigned char byte : bytes) {
        hex += "0123456789abcdef"[byte >> 4];
        hex += "0123456789abcdef"[byte & 15];
    }
    return hex;
}

}  // namespace mailslot::wire
