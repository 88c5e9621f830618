// Numbers of variable length, and differences as such numbers: docs/history.md, "Frames".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mailslot::store {

inline constexpr std::size_t kMaxVarintBytes = 10;

// Writes a number to `to`, which has room for kMaxVarintBytes. Returns the end.
inline char* put_varint(char* to, std::uint64_t number) {
    while (number >= 0x80) {
        *to++ = static_cast<char>(number | 0x80);
        number >>= 7;
    }
    *to++ = static_cast<char>(number);
    return to;
}

// Reads numbers. Stays failed after a number that is cut off or too large.
class VarintReader {
public:
    explicit VarintReader(std::string_view bytes)
        : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    bool ok() const { return ok_; }
    bool is_at_end() const { return at_ == end_; }
    std::uint64_t next() {
        if (at_ != end_ && static_cast<unsigned char>(*at_) < 0x80)
            return static_cast<unsigned char>(*at_++);
        return next_long();
    }

private:
    std::uint64_t next_long() {
        std::uint64_t number = 0;
        for (unsigned shift = 0; shift < 64 && at_ != end_; shift += 7) {
            const auto byte = static_cast<unsigned char>(*at_++);
            if (shift == 63 && byte > 1) break;
            number |= std::uint64_t{byte & 0x7fu} << shift;
            if (byte < 0x80) return number;
        }
        ok_ = false;
        at_ = end_;
        return 0;
    }

    const char* at_;
    const char* end_;
    bool ok_ = true;
};

// Small differences of either sign become small numbers. All arithmetic is modulo 2^64.
constexpr std::uint64_t zigzag(std::uint64_t from, std::uint64_t to) {
    const std::uint64_t difference = to - from;
    return (difference << 1) ^ (0 - (difference >> 63));
}
constexpr std::uint64_t unzigzag(std::uint64_t from, std::uint64_t number) {
    return from + ((number >> 1) ^ (0 - (number & 1)));
}

}  // namespace mailslot::store
