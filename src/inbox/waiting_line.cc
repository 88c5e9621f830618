#include "inbox/waiting_line.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "os/cpu.h"
#include "os/interruption.h"

namespace mailslot::inbox {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kCloseSlice{1};
constexpr int kLooksPerTime = 32;  // between two looks at the clock: 1 to 2 us

}  // namespace

// The state of a thread's wait.
struct WaitingLine::Wait {
    os::Deadline deadline;
    os::Interruption interruption{};
    bool is_interrupted = false;
    bool spins = true;  // false if no writer rang: another spin would be in vain
    bool has_trimmed = false;
    steady_clock::time_point trim_at = steady_clock::now() + kTrimAfter;

    // Sleeps without the lock while `word` is `expected`, unless a signal has come. May return
    // early.
    void sleep(Lock& lock, const std::atomic<std::uint32_t>& word, std::uint32_t expected,
               os::Deadline until) {
        lock.unlock();
        is_interrupted = interruption.has_come();
        if (!is_interrupted) os::futex_wait(word, expected, interruption.end_of_sleep(until));
        lock.lock();
    }
};

// A thread in line. Stands on its stack; accessed with the mutex held, except in its sleep.
struct WaitingLine::Waiter {
    // Not a condition variable, because a signal cannot end its wait.
    std::atomic<std::uint32_t> called{0};  // 1: now the first in line, or closed

    void call() {
        called.store(1);
        os::futex_wake_all(called);
    }
    void sleep(Lock& lock, Wait& wait) {
        wait.sleep(lock, called, 0, wait.deadline);
        called.store(0);
    }
};

Result<void> WaitingLine::wait(Lock& lock, const std::function<bool()>& take, os::Deadline deadline,
                               Interrupted interrupted) {
    Wait wait{deadline, os::Interruption(interrupted)};
    Waiter self;
    waiters_.push_back(&self);
    wait.spins = !std::exchange(has_spun_, false);
    bool took = false;
    while (!end_.closed) {
        // Comes first, so that a waiting message is taken whatever ended the sleep.
        if (waiters_.front() == &self && (took = take())) break;
        if (wait.is_interrupted || (wait.deadline && steady_clock::now() >= *wait.deadline)) break;
        if (waiters_.front() == &self) {
            sleep_on_bell(lock, wait);
        } else {
            self.sleep(lock, wait);
        }
    }
    leave(self);
    if (took) return {};
    if (end_.closed) return Error{Errc::closed, "get"};
    has_spun_ = wait.is_interrupted;
    return Error{wait.is_interrupted ? Errc::interrupted : Errc::timed_out, "get"};
}

void WaitingLine::leave(Waiter& self) {
    waiters_.erase(std::find(waiters_.begin(), waiters_.end(), &self));
    if (!waiters_.empty()) {
        waiters_.front()->call();
    } else if (end_.closed) {
        all_left_.store(1);
        os::futex_wake_all(all_left_);
    }
}

// Looks again for a short while, without the lock, so that a writer need not wake this thread.
// Returns whether a message came or the inbox was closed.
bool WaitingLine::spin(Lock& lock, os::Deadline deadline) {
    if (spin_.count() == 0) return false;
    const std::shared_ptr<Segment> segment = end_.segment;
    const Position from = end_.records.position();
    const auto wanted = steady_clock::now() + spin_;
    lock.unlock();
    const auto until = deadline ? std::min(wanted, *deadline) : wanted;
    bool came = false, is_pause = false;  // is_pause: longer than the pauses in a stream
    do {
        for (int i = 0; i < kLooksPerTime && !came; ++i) {
            Position at = from;
            std::uint64_t word = 0;
            came = find_record(*segment, at, word) || end_.closed.load(std::memory_order_relaxed);
            if (!came) os::cpu_relax();
        }
        // Another thread may need this processor to send the message.
        if (came) break;
        is_pause = true;
        std::this_thread::yield();
    } while (steady_clock::now() < until);
    lock.lock();
    if (is_pause) gathering_.begin_anew();
    return came;
}

// Sleeps until a writer or close() rings; may return early. Meanwhile gives back memory that has
// not been needed for a while.
void WaitingLine::sleep_on_bell(Lock& lock, Wait& wait) {
    if (wait.spins && spin(lock, wait.deadline)) return;
    gathering_.begin_anew();
    const std::shared_ptr<Segment> segment = end_.segment;
    auto& bell = segment->header().bell;
    const std::uint32_t armed = Bell::arm(segment->header());
    if (!end_.records.nothing_waits()) return;
    const bool trim_first = !wait.has_trimmed && (!wait.deadline || *wait.deadline > wait.trim_at);
    wait.sleep(lock, bell, armed, trim_first ? os::Deadline(wait.trim_at) : wait.deadline);
    wait.spins = bell.load(std::memory_order_seq_cst) != armed;
    if (!trim_first || steady_clock::now() < wait.trim_at) return;
    wait.has_trimmed = true;
    if (end_.closed || segment != end_.segment) return;
    while (end_.blocks.trim_all()) {
    }
}

void WaitingLine::call_all() {
    for (Waiter* waiter : waiters_) waiter->call();
}

void WaitingLine::wait_for_leavers(Lock& lock) {
    lock.unlock();
    os::futex_wait(all_left_, 0, steady_clock::now() + kCloseSlice);
    lock.lock();
}

}  // namespace mailslot::inbox
