#include "os/biased_mutex.h"

#include <linux/membarrier.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>
#include <utility>

#include "base/check.h"

namespace mailslot::os {
namespace {

using std::chrono::steady_clock;

// After so many borrowings, each soon after the last, others do not come rarely: the owner is given
// up.
constexpr int kMostInARow = 16;
// Borrowings further apart than this are rare.
constexpr std::chrono::milliseconds kSoon{1};
// An owner seldom keeps the mutex for long; the borrower yields first, then sleeps.
constexpr int kYields = 100;
constexpr std::chrono::microseconds kNap{100};

bool membarrier(int command) { return syscall(SYS_membarrier, command, 0, 0) == 0; }

// Registers the process for expedited membarriers; doing so again costs little.
bool can_reach_all_threads() { return membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED); }

}  // namespace

// With base_ held. Drops the parent's state in a child of fork: the owner may be a thread that the
// child lacks.
void BiasedMutex::begin_anew() {
    const std::uint64_t generation = fork_generation();
    if (generation_ == generation) return;
    generation_ = generation;
    held_.store(0, std::memory_order_relaxed);
    owner_.store(kNobody, std::memory_order_relaxed);
    lender_ = kNobody;
    may_have_owner_ = can_reach_all_threads();
}

// With base_ held. Returns whether the mutex has an owner other than this thread, which may be
// inside.
bool BiasedMutex::is_of_another() const {
    const std::uint64_t owner = owner_.load(std::memory_order_relaxed);
    return owner != kNobody && owner != thread_name();
}

bool BiasedMutex::is_held_by(std::uint64_t self) const {
    return held_.load(std::memory_order_relaxed) == self;
}

// With base_ held. An owner sets held_ after a slow lock too.
void BiasedMutex::mark_as_held(std::uint64_t self) {
    if (owner_.load(std::memory_order_relaxed) == self) {
        held_.store(self, std::memory_order_relaxed);
    }
}

void BiasedMutex::lock_slowly(std::uint64_t self) {
    MAILSLOT_CHECK(!is_held_by(self));
    base_.lock();
    begin_anew();
    if (may_have_owner_) {
        may_have_owner_ = false;
        owner_.store(self, std::memory_order_release);
    } else if (is_of_another()) {
        borrow();
    }
    by_bias_ = false;  // not earlier: the owner may still have used it
    mark_as_held(self);
}

void BiasedMutex::lock_as_guest() {
    const std::uint64_t self = thread_name();
    MAILSLOT_CHECK(!is_held_by(self));
    base_.lock();
    begin_anew();
    if (is_of_another()) borrow();
    by_bias_ = false;
    mark_as_held(self);
}

bool BiasedMutex::try_lock() {
    const std::uint64_t self = thread_name();
    if (is_held_by(self) || !base_.try_lock()) return false;
    begin_anew();
    if (is_of_another()) {
        const std::uint64_t owner = owner_.exchange(kNobody, std::memory_order_relaxed);
        membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
        if (held_.load(std::memory_order_acquire) != 0) {
            owner_.store(owner, std::memory_order_release);
            base_.unlock();
            return false;
        }
        lender_ = owner;
    }
    by_bias_ = false;
    mark_as_held(self);
    return true;
}

void BiasedMutex::borrow() {
    lender_ = owner_.exchange(kNobody, std::memory_order_relaxed);
    membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
    for (int i = 0; held_.load(std::memory_order_acquire) != 0; ++i) {
        if (i < kYields) {
            sched_yield();
        } else {
            std::this_thread::sleep_for(kNap);
        }
    }
    const auto now = steady_clock::now();
    const bool is_soon = now - std::exchange(borrowed_at_, now) < kSoon;
    borrowed_in_a_row_ = is_soon ? borrowed_in_a_row_ + 1 : 0;
    if (borrowed_in_a_row_ < kMostInARow) return;
    // Gives up the owner for good. A new owner would not be safe: the old one may be stopped
    // between its first look and its store to held_, and would overwrite its successor's held_.
    lender_ = kNobody;
}

void BiasedMutex::unlock_slowly() {
    if (held_.load(std::memory_order_relaxed) == thread_name()) {
        held_.store(0, std::memory_order_release);
    }
    if (lender_ != kNobody)
        owner_.store(std::exchange(lender_, kNobody), std::memory_order_release);
    base_.unlock();
}

}  // namespace mailslot::os
