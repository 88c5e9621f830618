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

// std::chrono::steady_clock is CLOCK_MONOTONIC. Setting it takes back what it has said.
void Timer::set(std::optional<std::chrono::steady_clock::time_point> at) {
    itimerspec when{};
    if (at) {
        // 0 would stop it: what is due already is due a nanosecond after the beginning.
        const auto since = std::max(at->time_since_epoch(), std::chrono::steady_clock::duration(1));
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
        when.it_value.tv_sec = seconds.count();
        when.it_value.tv_nsec = std::chrono::nanoseconds(since - seconds).count();
    }
    timerfd_settime(fd_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

}  // namespace mailslot::os
