// Keeps a writer from outrunning its readers: how long the next piece of a stream has to wait.
// Why, and the choice of figures: docs/protocol/udp-carrier.md, "Pace". Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace mailslot {

// What may leave at once after a rest. The smallest receive buffer that a reader has by default
// (stock Debian: net.core.rmem_max 212,992, doubled by the kernel) holds three times as much.
inline constexpr std::size_t kBurstBytes = 128 * 1024;

// Above the default rate it is what the rate gives in this time (1/4096 s), so that a sleep that
// ends late costs nothing.
inline constexpr std::uint64_t kBurstsPerSecond = 4096;

// What a datagram that is not of the size of the one before it costs beside its bytes: in its
// reader's socket it has a buffer of its own.
inline constexpr std::size_t kApartBytes = 1024;

// What a message costs at least, however small: its reader has more to do for it than to copy it.
inline constexpr std::size_t kLeastMessageBytes = 80;

// To many, every byte counts so often: nobody knows how slow the slowest of them is.
inline constexpr std::size_t kWeightOfMany = 2;

// Sealed, too, in hundredths: opening takes a reader about as long as all else that it does with a
// datagram; at this weight it has a fifth of its processor to spare (docs/trust.md, "What it
// costs").
inline constexpr std::size_t kHundredthsOfSealed = 140;

class Pacer {
public:
    using Instant = std::chrono::steady_clock::time_point;
    using Duration = std::chrono::nanoseconds;

    // Of the datagrams' payload, all copies together; 0: as fast as the system takes it.
    explicit Pacer(std::uint64_t bytes_per_second)
        : rate_(bytes_per_second),
          burst_(std::max<std::uint64_t>(kBurstBytes, bytes_per_second / kBurstsPerSecond)) {}

    // Counts `bytes` that are to leave at `now` at the earliest, and says how long they must wait:
    // until all that was counted would have left at the rate, but for a burst.
    Duration count(std::size_t bytes, Instant now) {
        if (rate_ == 0) return Duration::zero();
        level_ -= std::min(level_, bytes_in(now - then_));
        then_ = now;
        level_ += bytes;
        return level_ <= burst_ ? Duration::zero() : time_of(level_ - burst_);
    }

private:
    std::uint64_t bytes_in(Duration time) const {
        const auto longest = time_of(level_);  // more than that makes no difference
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
    std::uint64_t level_ = 0;  // bytes that have left ahead of the rate, as of then_
    Instant then_{};
};

}  // namespace mailslot
