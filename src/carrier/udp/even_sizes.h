// Gives successive datagrams of nearly the same size exactly the same size, so that they form a
// single piece: docs/protocol/udp-carrier.md, "In pieces". Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "model/envelope.h"

namespace mailslot {

// Splits `size` bytes into the fewest parts of at most `most_bytes`. All parts have the same size
// but the last, which may lack a byte for each of the others.
struct EvenParts {
    std::size_t count, bytes;
    EvenParts(std::size_t size, std::size_t most_bytes)
        : count((size + most_bytes - 1) / most_bytes), bytes((size + count - 1) / count) {}
};

// Returns the part of a whole message that begins at `offset`.
inline Envelope part_of(const Envelope& message, const EvenParts& parts, std::size_t offset) {
    const std::size_t size = message.payload.size();
    Envelope part = message;
    part.kind = Kind::fragment;
    part.total_bytes = static_cast<std::uint32_t>(size);
    part.offset = static_cast<std::uint32_t>(offset);
    part.chunk_bytes = static_cast<std::uint16_t>(parts.bytes);
    part.payload = message.payload.subspan(offset, std::min(parts.bytes, size - offset));
    return part;
}

class EvenSizes {
public:
    // Returns the size to which a datagram of `size` bytes should be filled: that of the largest
    // recent datagram, if it is larger by at most a sixth. Datagrams of the same size stay
    // unchanged.
    std::size_t fill_to(std::size_t size, std::size_t most) {
        const bool is_near = size <= largest_ && largest_ - size <= largest_ / kPart;
        if (!is_near || largest_ > most) largest_ = size;
        return largest_;
    }

private:
    static constexpr std::size_t kPart = 6;
    std::size_t largest_ = 0;
};

}  // namespace mailslot
