// A clock that stands still until a test moves it.
#pragma once

#include "base/clock.h"

namespace mailslot {

class FakeClock final : public Clock {
public:
    Instant now() const override { return now_; }
    std::int64_t unix_microseconds() const override { return wall_us_; }
    void advance(std::chrono::microseconds by) {
        now_ += by;
        wall_us_ += by.count();
    }
    void set_wall_back(std::chrono::microseconds by) { wall_us_ -= by.count(); }

private:
    Instant now_{std::chrono::hours(1)};
    std::int64_t wall_us_ = 1'700'000'000'000'000;
};

}  // namespace mailslot
