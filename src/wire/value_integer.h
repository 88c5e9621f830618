// Integers of any size: magnitudes (little-endian bytes) and marshal's 15-bit digits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace mailslot::wire {

// Drops the zero bytes at the upper end.
Bytes without_leading_zeros(Bytes magnitude);

// Returns nullopt if the number does not fit.
std::optional<std::int64_t> to_int64(bool negative, Bytes magnitude);

// Returns the magnitude of a message's digits, two bytes each. Returns nullopt if a digit has more
// than 15 bits or the last digit is 0.
std::optional<std::string> magnitude_of_digits(Bytes digits);

// Appends the count of digits, negative for a negative number, and the digits. `magnitude` has at
// most kMaxValueLength bytes, so the count fits.
void append_digits(std::string& out, bool negative, Bytes magnitude);

}  // namespace mailslot::wire
