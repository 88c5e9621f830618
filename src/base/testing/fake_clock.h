// A clock that stands still until a test moves time.
#pragma once

#include "base/clock.h"

namespace mailslot {

class FakeClock final : public Clock {
public:
    Instant now() const override { return now_; }
    Instant now_through_sleep() const override { return now_ + asleep_; }
    std::int64_t unix_microseconds() const override { return wall_us_; }
    void advance(std::chrono::microseconds by) {
        now_ += by;
        wall_us_ += by.count();
    }
    // Lets the machine sleep, while the monotonic clock stands still.
    void sleep(std::chrono::microseconds by) {
        asleep_ += by;
        wall_us_ += by.count();
    }
    void set_wall_back(std::chrono::microseconds by) { wall_us_ -= by.count(); }

private:
    Instant now_{std::chrono::hours(1)};
    Instant::duration asleep_ = std::chrono::minutes(7);
    std::int64_t wall_us_ = 1'700'000'000'000'000;
};

}  // namespace mailslot
