// Signals that end a wait: docs/inbox.md section 10.
#pragma once

#include <algorithm>
#include <chrono>

#include "mailslot/types.h"
#include "os/futex.h"

namespace mailslot::os {

// The sleeps of an interruptible wait. A signal ends no sleep if it comes between the check and the
// sleep, or if another thread takes it: the next check finds it. The delay is at most as long as
// the wait had lasted (at least kShortestSleep), and never longer than kLongestSleep.
inline constexpr std::chrono::milliseconds kShortestSleep{10}, kLongestSleep{100};

// Threads: the waiting one
class Interruption {
public:
    explicit Interruption(Interrupted question = nullptr) : question_(question) {}

    // For the moment before a sleep. Returns true if the wait must end, with Errc::interrupted.
    bool has_come() const { return question_ != nullptr && question_(); }
    // Returns when a sleep must end that begins now.
    Deadline end_of_sleep(Deadline deadline) {
        if (question_ == nullptr) return deadline;
        const auto until = std::chrono::steady_clock::now() + sleep_;
        sleep_ = std::min(2 * sleep_, kLongestSleep);
        return deadline ? std::min(*deadline, until) : until;
    }

private:
    const Interrupted question_;
    std::chrono::milliseconds sleep_ = kShortestSleep;
};

}  // namespace mailslot::os
