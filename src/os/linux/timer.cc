#include "os/timer.h"

#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>

#include "os/linux/network_error.h"

namespace mailslot::os {

Result<Timer> Timer::create() {
    GuardedFd fd =
        GuardedFd::make([] { return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC); });
    if (!fd) return network_error("timerfd_create", errno);
    return Timer(std::move(fd));
}

// std::chrono::steady_clock is CLOCK_MONOTONIC. A new time makes the descriptor unreadable again.
void Timer::set(std::optional<std::chrono::steady_clock::time_point> at) {
    itimerspec when{};
    if (at) {
        // A time of 0 would stop the timer, so a time in the past becomes one nanosecond.
        const auto since = std::max(at->time_since_epoch(), std::chrono::steady_clock::duration(1));
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
        when.it_value.tv_sec = seconds.count();
        when.it_value.tv_nsec = std::chrono::nanoseconds(since - seconds).count();
    }
    timerfd_settime(fd_.number(), TFD_TIMER_ABSTIME, &when, nullptr);
}

}  // namespace mailslot::os
