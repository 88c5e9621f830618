// Time as a port: the system's clock, or a clock that a test moves (testing/fake_clock.h).
#pragma once

#include <chrono>
#include <cstdint>

namespace mailslot {

class Clock {
public:
    using Instant = std::chrono::steady_clock::time_point;
    virtual ~Clock() = default;
    virtual Instant now() const = 0;  // monotonic; may stand still while the machine sleeps
    // Like now(), but goes on while the machine sleeps. For ages that are compared with another
    // machine's, and for times that a later process reads. Not comparable with now().
    virtual Instant now_through_sleep() const = 0;
    virtual std::int64_t unix_microseconds() const = 0;  // wall clock
};

class SystemClock final : public Clock {
public:
    Instant now() const override { return std::chrono::steady_clock::now(); }
    Instant now_through_sleep() const override;
    std::int64_t unix_microseconds() const override {
        return std::chrono::duration_cast<std::chrono::microseconds>(
                   std::chrono::system_clock::now().time_since_epoch())
            .count();
    }
};

}  // namespace mailslot
