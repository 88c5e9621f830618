// The type bytes of docs/protocol/value.md.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mailslot::wire {

enum class ValueType : std::uint8_t {
    null = 'N',
    false_ = 'F',
    true_ = 'T',
    int32 = 'i',
    int64 = 'I',
    digits = 'l',
    real = 'g',
    real_as_text = 'f',
    complex = 'y',
    complex_as_text = 'x',
    text = 'u',
    interned = 't',
    ascii = 'a',
    ascii_interned = 'A',
    short_ascii = 'z',
    short_ascii_interned = 'Z',
    bytes = 's',
    tuple = '(',
    small_tuple = ')',
    list = '[',
    dict = '{',
    set = '<',
    frozenset = '>',
    end_of_dict = '0',
    reference = 'r',
    text_reference = 'R',
};

inline constexpr std::uint8_t kValueMark = 0x80;             // a later reference may name it
inline constexpr std::size_t kMaxValueLength = 0x7FFF'FFFF;  // limit of the format: signed 32 bits
inline constexpr unsigned kDigitBits = 15;                   // in a long integer
inline constexpr unsigned kDigitMask = (1u << kDigitBits) - 1;

}  // namespace mailslot::wire
