// The lock that a writer holds while it appends: docs/inbox.md section 3, step 2.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/crash_point.h"
#include "inbox/segment.h"
#include "os/futex.h"
#include "os/liveness.h"

namespace mailslot::inbox {

// Longer than any copy of a message, yet short for a caller.
inline constexpr std::chrono::milliseconds kLockPatience{1000};

// Threads: any, at once
class WriterLock {
public:
    WriterLock(Header& header, os::LivenessView reader, std::uint32_t number)
        : header_(header), reader_(std::move(reader)), number_(number) {}

    // Returns whether the reading end is closed, or its process dead.
    bool reader_is_gone() const {
        return header_.closed.load(std::memory_order_acquire) != 0 || reader_.is_dead();
    }

    bool try_lock() {
        std::uint32_t expected = 0;
        return header_.lock.compare_exchange_strong(expected, number_, std::memory_order_acquire);
    }
    // Spins, then sleeps until the lock is free.
    // Errors: no_such_slot (the reader is gone), timed_out, interrupted
    Result<void> lock();
    void unlock() {
        const std::uint32_t held = header_.lock.exchange(0, std::memory_order_seq_cst);
        MAILSLOT_CRASH_POINT(unlocked);
        if ((held & kLockWaiters) != 0) [[unlikely]]
            os::futex_wake(header_.lock, 1);
    }

    // Set how long lock() waits, and the check that ends the wait with Errc::interrupted.
    // Threads: none may be in lock()
    void set_patience(std::chrono::milliseconds patience) { patience_ = patience; }
    void set_interrupted(Interrupted interrupted) { interrupted_ = interrupted; }

private:
    Header& header_;
    os::LivenessView reader_;
    const std::uint32_t number_;
    std::chrono::milliseconds patience_ = kLockPatience;
    Interrupted interrupted_ = nullptr;
};

}  // namespace mailslot::inbox
