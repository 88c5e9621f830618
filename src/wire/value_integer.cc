#include "wire/value_integer.h"

#include <bit>
#include <limits>

#include "wire/value_types.h"

namespace mailslot::wire {
namespace {

void append_u16le(std::string& out, std::uint32_t value) {
    out += static_cast<char>(value);
    out += static_cast<char>(value >> 8);
}

}  // namespace

Bytes without_leading_zeros(Bytes magnitude) {
    while (!magnitude.empty() && magnitude.back() == std::byte{0}) {
        magnitude = magnitude.first(magnitude.size() - 1);
    }
    return magnitude;
}

std::optional<std::int64_t> to_int64(bool negative, Bytes magnitude) {
    magnitude = without_leading_zeros(magnitude);
    if (magnitude.size() > sizeof(std::uint64_t)) return std::nullopt;
    std::uint64_t value = 0;
    for (std::size_t i = magnitude.size(); i-- > 0;) {
        value = value << 8 | std::to_integer<std::uint64_t>(magnitude[i]);
    }
    constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
    if (value > kMost + (negative ? 1 : 0)) return std::nullopt;
    return static_cast<std::int64_t>(negative ? 0 - value : value);
}

std::optional<std::string> magnitude_of_digits(Bytes digits) {
    std::string magnitude;
    magnitude.reserve(digits.size());
    std::uint32_t pending = 0, digit = 1;
    unsigned pending_bits = 0;
    for (ByteReader in(digits); in.left() != 0;) {
        digit = in.u16le();
        if (digit > kDigitMask) return std::nullopt;
        pending |= digit << pending_bits;
        pending_bits += kDigitBits;
        for (; pending_bits >= 8; pending_bits -= 8, pending >>= 8) {
            magnitude += static_cast<char>(pending);
        }
    }
    if (digit == 0) return std::nullopt;
    if (pending_bits > 0) magnitude += static_cast<char>(pending);
    return magnitude;
}

void append_digits(std::string& out, bool negative, Bytes magnitude) {
    magnitude = without_leading_zeros(magnitude);
    std::size_t bits = 8 * magnitude.size();
    if (!magnitude.empty()) {
        bits -= static_cast<unsigned>(
            std::countl_zero(std::to_integer<std::uint8_t>(magnitude.back())));
    }
    const std::size_t count = (bits + kDigitBits - 1) / kDigitBits;
    const auto signed_count =
        negative ? 0 - static_cast<std::uint32_t>(count) : static_cast<std::uint32_t>(count);
    append_u16le(out, signed_count);
    append_u16le(out, signed_count >> 16);
    std::uint32_t pending = 0;
    unsigned pending_bits = 0;
    std::size_t written = 0;
    for (const std::byte next : magnitude) {
        pending |= std::to_integer<std::uint32_t>(next) << pending_bits;
        pending_bits += 8;
        if (pending_bits < kDigitBits) continue;
        append_u16le(out, pending & kDigitMask);
        ++written;
        pending >>= kDigitBits;
        pending_bits -= kDigitBits;
    }
    if (written < count) append_u16le(out, pending);
}

}  // namespace mailslot::wire
