// Threads that wait for a message of a slot, in the order of arrival: docs/inbox.md section 4.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

#include "inbox/gathering.h"
#include "inbox/reading_end.h"
#include "os/biased_mutex.h"
#include "os/futex.h"

namespace mailslot::inbox {

// Threads: with the inbox's mutex held, which wait() and wait_for_leavers() release while they sleep
class WaitingLine {
public:
    using Lock = std::unique_lock<os::BiasedMutex>;

    // `spin` is how long a thread that finds nothing looks again before it sleeps.
    WaitingLine(ReadingEnd& end, Gathering& gathering, std::chrono::nanoseconds spin)
        : end_(end), gathering_(gathering), spin_(spin) {}

    bool is_empty() const { return waiters_.empty(); }
    std::size_t size() const { return waiters_.size(); }

    // Waits in line until take() returns true. Only the first in line calls take().
    // Errors: timed_out, closed, interrupted
    Result<void> wait(Lock& lock, const std::function<bool()>& take, os::Deadline deadline,
                      Interrupted interrupted);

    // For the end: wakes all threads; waits briefly for them to leave.
    void call_all();
    void wait_for_leavers(Lock& lock);

private:
    struct Wait;
    struct Waiter;

    void leave(Waiter& self);
    bool spin(Lock& lock, os::Deadline deadline);
    void sleep_on_bell(Lock& lock, Wait& wait);

    ReadingEnd& end_;
    Gathering& gathering_;
    const std::chrono::nanoseconds spin_;
    std::deque<Waiter*> waiters_;  // the first sleeps on the bell
    bool has_spun_ = false;        // the last wait was interrupted and will likely be resumed
    std::atomic<std::uint32_t> all_left_{0};  // 1: closed, and no thread waits any more
};

}  // namespace mailslot::inbox
