// A bit for each of the kRepeatWindow latest numbers, at the number modulo kRepeatWindow.
#pragma once

#include <algorithm>
#include <cstdint>

#include "model/limits.h"
#include "wire/office_state.h"

namespace mailslot::post {

class RingBits {
public:
    RingBits() = default;
    explicit RingBits(const wire::WindowBits& words) : words_(words) {}
    const wire::WindowBits& words() const { return words_; }

    bool operator[](std::uint64_t number) const { return has_all(number, 1); }
    // Sets the bits of `count` numbers from `first` on. If they are more than the ring holds, only
    // the last numbers count.
    void set(std::uint64_t first, std::uint64_t count = 1) {
        visit(words_, first, count, [](std::uint64_t& word, std::uint64_t bits) { word |= bits; });
    }
    void reset(std::uint64_t first, std::uint64_t count = 1) {
        visit(words_, first, count, [](std::uint64_t& word, std::uint64_t bits) { word &= ~bits; });
    }
    bool has_all(std::uint64_t first, std::uint64_t count) const {
        std::uint64_t missing = 0;
        visit(words_, first, count,
              [&](std::uint64_t word, std::uint64_t bits) { missing |= bits & ~word; });
        return missing == 0;
    }

private:
    static constexpr std::uint64_t kWordBits = 64;
    static_assert(kRepeatWindow % kWordBits == 0);

    // Calls `each` with every word that has some of the numbers, and with a mask of their bits.
    template <class Words, class Each>
    static void visit(Words& words, std::uint64_t first, std::uint64_t count, const Each& each) {
        if (count > kRepeatWindow) {
            first += count - kRepeatWindow;
            count = kRepeatWindow;
        }
        while (count > 0) {
            const std::uint64_t bit = first % kWordBits;
            const std::uint64_t here = std::min(count, kWordBits - bit);
            const std::uint64_t ones = ~std::uint64_t{0} >> (kWordBits - here);
            each(words[first % kRepeatWindow / kWordBits], ones << bit);
            first += here;
            count -= here;
        }
    }

    wire::WindowBits words_{};
};

}  // namespace mailslot::post
