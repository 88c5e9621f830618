// How much of a thread's time each user of the machine has had: docs/trust.md, "Users of one
// machine".
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>

#include "base/clock.h"

namespace mailslot::post {

// Threads: one.
class TimeShares {
public:
    static constexpr std::chrono::milliseconds kWindow{100};
    static constexpr std::chrono::milliseconds kShare{20};  // of a window

    // What was done for the user took so long.
    void charge(std::uint32_t user, Clock::Instant::duration took, Clock::Instant now);
    // How much of the share is left.
    std::chrono::nanoseconds left_of(std::uint32_t user, Clock::Instant now) const;
    std::size_t users() const { return accounts_.size(); }  // that it remembers
    // Its share is used up; when there is more.
    std::optional<Clock::Instant> waits_until(std::uint32_t user, Clock::Instant now) const;

private:
    struct Account {
        Clock::Instant window{};
        Clock::Instant::duration used{};  // in this window, and what is owed for earlier ones
    };
    static Clock::Instant::duration used_of(const Account& account, Clock::Instant now);

    std::map<std::uint32_t, Account> accounts_{};
};

}  // namespace mailslot::post
