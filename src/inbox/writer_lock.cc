#include "inbox/writer_lock.h"

#include <algorithm>

#include "os/cpu.h"

namespace mailslot::inbox {
namespace {

using std::chrono::steady_clock;

// How often a waiting writer checks that the reader still lives.
constexpr std::chrono::milliseconds kLockSlice{20};
constexpr int kLockSpins = 200;

}  // namespace

Result<void> WriterLock::lock() {
    auto& lock = header_.lock;
    for (int i = 0; i < kLockSpins; ++i) {
        if (lock.load(std::memory_order_relaxed) == 0 && try_lock()) return {};
        os::cpu_relax();
    }
    const auto patience_ends = steady_clock::now() + patience_;
    for (;;) {
        std::uint32_t held = lock.load(std::memory_order_relaxed);
        // A writer that waited marks the lock when it takes it: others may wait too, and the mark
        // was also theirs.
        if (held == 0) {
            if (lock.compare_exchange_strong(held, number_ | kLockWaiters,
                                             std::memory_order_acquire)) {
                return {};
            }
            continue;
        }
        if ((held & kLockWaiters) == 0 &&
            !lock.compare_exchange_strong(held, held | kLockWaiters, std::memory_order_relaxed)) {
            continue;
        }
        if (reader_is_gone()) return Error{Errc::no_such_slot, "put"};
        const auto now = steady_clock::now();
        if (now >= patience_ends) {
            return Error{Errc::timed_out, "put", 0,
                         "another writer was stopped in the middle of a put"};
        }
        if (interrupted_ != nullptr && interrupted_()) return Error{Errc::interrupted, "put"};
        MAILSLOT_CRASH_POINT(waiting_for_lock);
        os::futex_wait(lock, held | kLockWaiters, std::min(now + kLockSlice, patience_ends));
    }
}

}  // namespace mailslot::inbox
