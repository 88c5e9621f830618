#include "os/futex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

namespace mailslot::os {
namespace {

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

}  // namespace

bool futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected, Deadline deadline) {
    timespec until{};
    if (deadline) {
        // An absolute time on CLOCK_MONOTONIC, which steady_clock is. Nothing is added up, so the
        // wait never ends early.
        const auto since = deadline->time_since_epoch();
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
        until.tv_sec = seconds.count();
        until.tv_nsec = std::chrono::nanoseconds(since - seconds).count();
    }
    const long done =
        syscall(SYS_futex, reinterpret_cast<const std::uint32_t*>(&word), FUTEX_WAIT_BITSET,
                expected, deadline ? &until : nullptr, nullptr, FUTEX_BITSET_MATCH_ANY);
    return done < 0 && errno == EINTR;
}

void futex_wake(std::atomic<std::uint32_t>& word, int most) {
    syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAKE, most, nullptr, nullptr,
            0);
}

void futex_wake_all(std::atomic<std::uint32_t>& word) { futex_wake(word, INT_MAX); }

}  // namespace mailslot::os
