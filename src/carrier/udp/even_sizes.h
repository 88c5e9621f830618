// Makes datagrams that follow each other and are nearly of one size datagrams of one size, so that
// they are one piece: docs/protocol/udp-carrier.md, "In pieces". Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "model/envelope.h"

namespace mailslot {

// As few parts as there must be where one has `most_bytes` at most, and all of one size but the
// last, which may lack a byte for each of the others.
struct EvenParts {
    std::size_t count, bytes;
    EvenParts(std::size_t size, std::size_t most_bytes)
        : count((size + most_bytes - 1) / most_bytes), bytes((size + count - 1) / count) {}
};

// The part of a whole message that begins at `offset`.
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
    // How large the next datagram, now of `size` bytes, is to be: as large as the largest of those
    // before it where that is a sixth more at most. Those of one size stay as they are.
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
