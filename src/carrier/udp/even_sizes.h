// Makes datagrams that follow each other and are nearly of one size datagrams of one size, so that
// they are one piece: docs/protocol/udp-carrier.md, "In pieces". Pure.
#pragma once

#include <cstddef>

namespace mailslot {

// As few parts as there must be where one has `most_bytes` at most, and all of one size but the
// last, which may lack a byte for each of the others.
struct EvenParts {
    std::size_t count, bytes;
    EvenParts(std::size_t size, std::size_t most_bytes)
        : count((size + most_bytes - 1) / most_bytes), bytes((size + count - 1) / count) {}
};

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
