// Shares of a thread's time that the machine's users have used: docs/trust.md, "Users of one
// machine".
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>

#include "base/clock.h"

namespace mailslot::office {

// Threads: one at a time.
class TimeShares {
public:
    static constexpr std::chrono::milliseconds kWindow{100};
    static constexpr std::chrono::milliseconds kShare{20};  // in each window

    // Charges the user for work that took this long.
    void charge(std::uint32_t user, Clock::Instant::duration took, Clock::Instant now);
    // Returns how much of the share is left.
    std::chrono::nanoseconds left_of(std::uint32_t user, Clock::Instant now) const;
    std::size_t users() const { return accounts_.size(); }  // users remembered
    // Returns how many users have no time left now.
    std::size_t users_without(Clock::Instant now) const;
    // Returns when the user gets more time, or nullopt if the share is not used up.
    std::optional<Clock::Instant> waits_until(std::uint32_t user, Clock::Instant now) const;

private:
    struct Account {
        Clock::Instant window{};
        Clock::Instant::duration used{};  // in this window, with the debt of earlier windows
    };
    static Clock::Instant::duration used_of(const Account& account, Clock::Instant now);

    std::map<std::uint32_t, Account> accounts_{};
};

}  // namespace mailslot::office
