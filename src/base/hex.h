// Numbers as text of a fixed length and with only one spelling: origins, identities.
#pragma once

#include <cstdint>
#include <string>

namespace mailslot {

// Appends 16 hexadecimal digits.
inline void append_hex(std::string& out, std::uint64_t number) {
    char digits[16];
    for (int i = 16; i-- > 0; number >>= 4) digits[i] = "0123456789abcdef"[number & 15];
    out.append(digits, sizeof digits);
}

inline std::string hex_of(std::uint64_t number) {
    std::string text;
    append_hex(text, number);
    return text;
}

}  // namespace mailslot
