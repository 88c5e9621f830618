// Cursors over bytes. Both stay failed after the first step past the end, so a codec checks only
// once.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace mailslot {

using Bytes = std::span<const std::byte>;

inline std::string_view as_text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

// Uses a single load. From a sum of bytes gcc makes several loads, and a store in between.
template <class Unsigned>
Unsigned load_be(const std::byte* at) {
    Unsigned value;
    std::memcpy(&value, at, sizeof value);
    if constexpr (std::endian::native == std::endian::big) return value;
    if constexpr (sizeof value == 2) return __builtin_bswap16(value);
    if constexpr (sizeof value == 4) return __builtin_bswap32(value);
    if constexpr (sizeof value == 8) return __builtin_bswap64(value);
}
inline std::uint16_t load_u16be(const std::byte* at) { return load_be<std::uint16_t>(at); }
inline std::uint32_t load_u32be(const std::byte* at) { return load_be<std::uint32_t>(at); }
inline std::uint64_t load_u64be(const std::byte* at) { return load_be<std::uint64_t>(at); }

// Reads bytes, which are borrowed. A short read gives zeroes and makes ok() false for good.
class ByteReader {
public:
    explicit ByteReader(Bytes bytes) : bytes_(bytes) {}

    bool ok() const { return ok_; }
    std::size_t left() const { return bytes_.size(); }
    Bytes rest() const { return bytes_; }

    std::uint8_t u8() {
        const std::byte* const at = place(1);
        return at == nullptr ? std::uint8_t{0} : std::to_integer<std::uint8_t>(*at);
    }
    std::uint16_t u16be() {
        const std::byte* const at = place(2);
        return at == nullptr ? std::uint16_t{0} : load_u16be(at);
    }
    std::uint32_t u32be() {
        const std::byte* const at = place(4);
        return at == nullptr ? 0 : load_u32be(at);
    }
    std::uint64_t u64be() {
        const std::byte* const at = place(8);
        return at == nullptr ? 0 : load_u64be(at);
    }
    std::uint16_t u16le() { return static_cast<std::uint16_t>(le(2)); }
    std::uint32_t u32le() { return static_cast<std::uint32_t>(le(4)); }
    std::uint64_t u64le() { return le(8); }
    Bytes take(std::size_t count) {
        if (!ok_ || count > bytes_.size()) {
            ok_ = false;
            return {};
        }
        const Bytes taken = bytes_.first(count);
        bytes_ = bytes_.subspan(count);
        return taken;
    }

private:
    // Returns null if too few bytes are left.
    const std::byte* place(std::size_t count) {
        const Bytes taken = take(count);
        return ok_ ? taken.data() : nullptr;
    }
    std::uint64_t le(std::size_t count) {
        std::uint64_t value = 0;
        unsigned shift = 0;
        for (const std::byte b : take(count)) {
            value |= std::to_integer<std::uint64_t>(b) << shift;
            shift += 8;
        }
        return value;
    }

    Bytes bytes_;
    bool ok_ = true;
};

// Writes into a buffer that the caller owns. A value that does not fit is left out and makes ok()
// false for good.
class ByteWriter {
public:
    explicit ByteWriter(std::span<std::byte> buffer) : buffer_(buffer) {}

    bool ok() const { return ok_; }
    std::size_t size() const { return used_; }
    std::size_t left() const { return buffer_.size() - used_; }
    Bytes written() const { return buffer_.first(used_); }

    void u8(std::uint8_t value) { be(value); }
    void u16be(std::uint16_t value) { be(value); }
    void u32be(std::uint32_t value) { be(value); }
    void u64be(std::uint64_t value) { be(value); }
    void u16le(std::uint16_t value) { le(value, 2); }
    void u32le(std::uint32_t value) { le(value, 4); }
    void put(Bytes bytes) {
        if (!reserve(bytes.size())) return;
        if (!bytes.empty()) std::memcpy(buffer_.data() + used_, bytes.data(), bytes.size());
        used_ += bytes.size();
    }
    void put(std::string_view text) { put(as_bytes(text)); }

private:
    bool reserve(std::size_t count) {
        if (count > left()) ok_ = false;
        return ok_;
    }
    // Compiles to a single store, if the compiler sees through the loop: a frame is made of many of
    // these.
    template <class Unsigned>
    void be(Unsigned value) {
        if (!reserve(sizeof value)) return;
        std::array<std::byte, sizeof value> bytes;
        for (std::size_t i = 0; i < sizeof value; ++i) {
            bytes[i] = std::byte(value >> (8 * (sizeof value - 1 - i)));
        }
        std::memcpy(buffer_.data() + used_, bytes.data(), bytes.size());
        used_ += bytes.size();
    }
    void le(std::uint64_t value, std::size_t count) {
        if (!reserve(count)) return;
        for (std::size_t i = 0; i < count; ++i) buffer_[used_++] = std::byte(value >> (8 * i));
    }

    std::span<std::byte> buffer_;
    std::size_t used_ = 0;
    bool ok_ = true;
};

}  // namespace mailslot
