// Counters that stop at their ends. Claims of strangers are counted, and must not make a counter
// wrap around.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>

namespace mailslot {

inline constexpr std::uint64_t kMostCounted = std::numeric_limits<std::uint64_t>::max();

constexpr std::uint64_t sum_of(std::uint64_t a, std::uint64_t b) {
    return b > kMostCounted - a ? kMostCounted : a + b;
}

constexpr void count_up(std::uint64_t& counter, std::uint64_t count) {
    counter = sum_of(counter, count);
}

// A counter at its upper end stays there, because the true count is lost.
constexpr void count_down(std::uint64_t& counter, std::uint64_t count = 1) {
    if (counter == kMostCounted) return;
    counter = count > counter ? 0 : counter - count;
}

// Adds the change from `booked` to `now` to a counter that other processes or threads read.
inline void book(std::atomic<std::uint64_t>& counter, std::uint64_t now, std::uint64_t booked) {
    std::uint64_t before = counter.load(std::memory_order_relaxed), after = before;
    do {
        after = before;
        if (now > booked) count_up(after, now - booked);
        if (now < booked) count_down(after, booked - now);
    } while (!counter.compare_exchange_weak(before, after, std::memory_order_relaxed));
}

}  // namespace mailslot
