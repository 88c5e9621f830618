// A rate limit. After a rest, as much may pass at once as otherwise in a second.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace mailslot::post {

class TokenBucket {
public:
    // Returns how many of `wanted` may pass now, and counts them. `per_second` must stay the same,
    // and not be 0.
    std::uint64_t take(std::uint64_t wanted, std::uint64_t per_second, Clock::Instant now) {
        const auto most = static_cast<double>(per_second);
        if (!is_begun_) {
            tokens_ = most;
        } else if (now > filled_at_) {
            const std::chrono::duration<double> passed = now - filled_at_;
            tokens_ = std::min(most, tokens_ + passed.count() * most);
        }
        is_begun_ = true;
        filled_at_ = std::max(filled_at_, now);
        const std::uint64_t taken = std::min(wanted, static_cast<std::uint64_t>(tokens_));
        tokens_ -= static_cast<double>(taken);
        return taken;
    }
    void give_back(std::uint64_t count) { tokens_ += static_cast<double>(count); }

private:
    double tokens_ = 0;
    Clock::Instant filled_at_{};
    bool is_begun_ = false;
};

}  // namespace mailslot::post
