#include "carrier/flusher.h"

#include <algorithm>
#include <mutex>
#include <thread>

#include "os/futex.h"
#include "os/thread.h"

namespace mailslot {
namespace {

using std::chrono::nanoseconds;
using Instant = std::chrono::steady_clock::time_point;

// Short, because a put is soon over and looks at the time itself.
constexpr std::chrono::microseconds kRetry{50};
// A stream that pauses for fewer rounds need not enter itself anew.
constexpr int kIdleRounds = 4;
// Limit of the wait for a thread in the middle of a put, at the end of the process: a put's longest
// wait for the network, and some more.
constexpr std::chrono::milliseconds kEndPatience{500};

}  // namespace

bool Flusher::enter(const std::shared_ptr<Holder>& holder) {
    std::lock_guard lock(mutex_);
    if (has_ended_) return false;
    if (!has_thread_) has_thread_ = start_([this] { run(); });
    if (!has_thread_) return false;
    if (holder->listed_.load()) return true;
    holder->listed_.store(true);
    holder->idle_rounds_ = 0;
    holders_.push_back(holder);
    if (holders_.size() == 1) {
        entered_.fetch_add(1);
        os::futex_wake(entered_, 1);
    }
    return true;
}

void Flusher::run() {
    os::use_precise_timers();
    for (;;) {
        const std::uint32_t entered = entered_.load();
        const os::Deadline again = run_once(std::chrono::steady_clock::now());
        os::futex_wait(entered_, entered, again);
    }
}

os::Deadline Flusher::run_once(Instant now) {
    std::vector<std::shared_ptr<Holder>> due;
    os::Deadline again;
    const auto come_again = [&again](Instant at) { again = again ? std::min(*again, at) : at; };
    {
        std::lock_guard lock(mutex_);
        std::erase_if(holders_, [&](const std::shared_ptr<Holder>& holder) {
            std::int64_t due_ns = holder->due_ns_.load();
            if (due_ns == 0 && ++holder->idle_rounds_ > kIdleRounds) {
                holder->listed_.store(false);
                due_ns = holder->due_ns_.load();
                if (due_ns == 0) return true;
                holder->listed_.store(true);
            }
            const Instant at{nanoseconds(due_ns)};
            if (due_ns == 0) {
                come_again(now + kHoldTime);
                return false;
            }
            holder->idle_rounds_ = 0;
            if (at <= now) {
                due.push_back(holder);
            } else {
                come_again(at);
            }
            return false;
        });
    }
    for (const auto& holder : due) {
        come_again(holder->try_flush(now) ? now + kHoldTime : now + kRetry);
    }
    return again;
}

void Flusher::finish() {
    std::vector<std::shared_ptr<Holder>> holders;
    {
        std::lock_guard lock(mutex_);
        has_ended_ = true;
        holders.swap(holders_);
        // The list is empty for good: a writer that holds something again calls watch(), which
        // returns false.
        for (const auto& holder : holders) holder->listed_.store(false);
    }
    const Instant until = std::chrono::steady_clock::now() + kEndPatience;
    for (const auto& holder : holders) {
        while (!holder->try_flush(Instant::max()) && std::chrono::steady_clock::now() < until) {
            std::this_thread::sleep_for(kRetry);
        }
    }
}

}  // namespace mailslot
