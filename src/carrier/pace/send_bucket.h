// Lets bytes go at a rate that may change: computes how long the next must wait. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace mailslot {

class SendBucket {
public:
    using Instant = std::chrono::steady_clock::time_point;
    using Duration = std::chrono::nanoseconds;

    // Returns how long `bytes` must wait to leave at `rate` bytes a second, apart from a burst.
    Duration wait(double bytes, double rate, double burst, Instant now) {
        const auto past = std::chrono::duration<double>(now - then_).count();
        level_ = std::max(0.0, level_ - std::max(0.0, past) * rate);
        then_ = now;
        if (saved_ >= bytes) return Duration::zero();
        const double room = std::max(0.0, burst - bytes);
        if (level_ <= room) return Duration::zero();
        return Duration(static_cast<std::int64_t>((level_ - room) / rate * 1e9) + 1);
    }
    // Starts empty at `now`, before the first take().
    void begin(Instant now) {
        clear();
        then_ = now;
    }
    void take(double bytes) {
        const double free = std::min(saved_, bytes);
        saved_ -= free;
        level_ += bytes - free;
    }
    // After a rest: `bytes` may leave at once.
    void save(double bytes) { saved_ = bytes; }
    void clear() { level_ = saved_ = 0; }
    // Returns whether bytes were ahead of the rate at the last wait(): the writer uses all that it
    // may.
    bool is_behind() const { return level_ > 0; }

private:
    double level_ = 0;  // bytes ahead of the rate at then_
    double saved_ = 0;
    Instant then_{};
};

}  // namespace mailslot
