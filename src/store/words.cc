#include "store/words.h"

#include <cstring>

namespace mailslot::store {

void append_folded(std::string& out, std::string_view text) {
    constexpr std::uint64_t kOnes = 0x0101010101010101, kHigh = kOnes * 0x80;
    const std::size_t start = out.size();
    out.resize(start + text.size());
    char* to = out.data() + start;
    const char* from = text.data();
    std::size_t left = text.size();
    for (; left >= 8; left -= 8, from += 8, to += 8) {
        std::uint64_t word;
        std::memcpy(&word, from, 8);
        const std::uint64_t low = word & ~kHigh;
        // The high bit of each byte says: from 'A' on, and not beyond 'Z', and ASCII.
        const std::uint64_t from_a = low + kOnes * (0x80 - 'A');
        const std::uint64_t beyond_z = low + kOnes * (0x80 - 'Z' - 1);
        word |= ((from_a & ~beyond_z & ~word) & kHigh) >> 2;
        std::memcpy(to, &word, 8);
    }
    for (; left > 0; --left) *to++ = fold_ascii(*from++);
}

}  // namespace mailslot::store
