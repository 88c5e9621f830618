// Signals that end a wait: docs/inbox.md section 10.
#pragma once

#include <algorithm>
#include <chrono>

#include "mailslot/mailslot.h"
#include "os/futex.h"

namespace mailslot::os {

// The sleeps of an interruptible wait. A signal that comes between the question and the sleep, or
// that another thread takes, ends no sleep: the next question finds it. It is late by as long as
// the wait had lasted, or by kShortestSleep, and by kLongestSleep at most, which nobody notices.
inline constexpr std::chrono::milliseconds kShortestSleep{10}, kLongestSleep{100};

// Threads: the one that waits.
class Interruption {
public:
    explicit Interruption(Interrupted question = nullptr) : question_(question) {}

    // For the moment before a sleep; true: the wait must end, with Errc::interrupted.
    bool has_come() const { return question_ != nullptr && question_(); }
    // Until when a sleep may last that begins now.
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
