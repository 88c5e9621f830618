// Paces a writer so that readers keep up: computes how long the next piece must wait. Reasons and
// figures: docs/protocol/udp-carrier.md, "Pace". Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace mailslot {

// Bytes that may leave at once after a rest. The smallest default receive buffer (stock Debian:
// net.core.rmem_max 212,992, doubled by the kernel) holds three times as much.
inline constexpr std::size_t kBurstBytes = 128 * 1024;

// At high rates a burst holds the bytes of 1/4096 s, so that a sleep that ends late costs nothing.
inline constexpr std::uint64_t kBurstsPerSecond = 4096;

// Extra cost of a datagram whose size differs from the previous: it takes a buffer of its own in
// the reader's socket.
inline constexpr std::size_t kApartBytes = 1024;

// Minimum cost of a message: the reader spends more on it than on copying its bytes.
inline constexpr std::size_t kLeastMessageBytes = 80;

// Factor for datagrams to many machines: nobody knows how slow the slowest reader is.
inline constexpr std::size_t kWeightOfMany = 2;

// Factor for sealed datagrams, in hundredths. Opening takes a reader about as long as all its other
// work on a datagram; with this factor a fifth of its processor stays free (docs/trust.md, "What it
// costs").
inline constexpr std::size_t kHundredthsOfSealed = 140;

class Pacer {
public:
    using Instant = std::chrono::steady_clock::time_point;
    using Duration = std::chrono::nanoseconds;

    // `bytes_per_second` counts the datagrams' payload, all copies together; 0: no limit.
    explicit Pacer(std::uint64_t bytes_per_second)
        : rate_(bytes_per_second),
          burst_(std::max<std::uint64_t>(kBurstBytes, bytes_per_second / kBurstsPerSecond)) {}

    // Counts `bytes` that leave at `now` or later. Returns how long they must wait, so that all
    // counted bytes leave at the rate, apart from a burst.
    Duration count(std::size_t bytes, Instant now) {
        if (rate_ == 0) return Duration::zero();
        level_ -= std::min(level_, bytes_in(now - then_));
        then_ = now;
        level_ += bytes;
        return level_ <= burst_ ? Duration::zero() : time_of(level_ - burst_);
    }

private:
    std::uint64_t bytes_in(Duration time) const {
        const auto longest = time_of(level_);  // a longer time makes no difference
        if (time >= longest) return level_;
        return time <= Duration::zero()
                   ? 0
                   : static_cast<std::uint64_t>(static_cast<double>(time.count()) * 1e-9 *
                                                static_cast<double>(rate_));
    }
    Duration time_of(std::uint64_t bytes) const {
        return Duration(static_cast<std::int64_t>(static_cast<double>(bytes) * 1e9 /
                                                  static_cast<double>(rate_)) +
                        1);
    }

    const std::uint64_t rate_, burst_;
    std::uint64_t level_ = 0;  // bytes ahead of the rate at then_
    Instant then_{};
};

}  // namespace mailslot
