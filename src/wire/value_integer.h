// Integers of any size: magnitudes (little-endian bytes) and marshal's digits of 15 bits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace mailslot::wire {

// The magnitude without the zero bytes at its upper end.
Bytes without_leading_zeros(Bytes magnitude);

// None: it does not fit.
std::optional<std::int64_t> to_int64(bool negative, Bytes magnitude);

// The magnitude of digits as they stand in a message, two bytes each. None: one has over 15 bits,
// or the last is 0.
std::optional<std::string> magnitude_of_digits(Bytes digits);

// Appends a count of digits, negative for a negative number, and the digits. At most
// kMaxValueLength bytes of magnitude, which have no more digits.
void append_digits(std::string& out, bool negative, Bytes magnitude);

}  // namespace mailslot::wire
