// A mutex that is free in a child of fork(2), even if another thread of the parent held it. The
// child must then make the guarded state anew: the thread that was changing it does not exist
// there. The program stops with a message if a thread locks a mutex that it holds, instead of
// waiting for itself for ever.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/check.h"
#include "os/cpu.h"
#include "os/fork_guard.h"
#include "os/futex.h"

namespace mailslot::os {

// Names a thread of this process; never 0. A child of fork has other names than its parent, though
// its first thread has the token of the thread that forked.
inline std::uint64_t thread_name() { return thread_token() ^ (fork_generation() << 48); }

class ForkMutex {
public:
    void lock() {
        const std::uint32_t mark = generation_mark();
        std::uint32_t seen = word_.load(std::memory_order_relaxed);
        if (is_free(seen, mark) &&
            word_.compare_exchange_strong(seen, mark | kHeld, std::memory_order_acquire)) {
            holder_.store(thread_name(), std::memory_order_relaxed);
            return;
        }
        lock_slowly(mark);
        holder_.store(thread_name(), std::memory_order_relaxed);
    }
    bool try_lock() {
        const std::uint32_t mark = generation_mark();
        std::uint32_t seen = word_.load(std::memory_order_relaxed);
        if (!is_free(seen, mark) ||
            !word_.compare_exchange_strong(seen, mark | kHeld, std::memory_order_acquire)) {
            return false;
        }
        holder_.store(thread_name(), std::memory_order_relaxed);
        return true;
    }
    void unlock() {
        const std::uint32_t mark = generation_mark();
        holder_.store(0, std::memory_order_relaxed);
        if (word_.exchange(mark, std::memory_order_release) == (mark | kContended)) {
            futex_wake(word_, 1);
        }
    }

private:
    static constexpr std::uint32_t kHeld = 1,
                                   kContended = 2;  // the other bits: the fork generation

    static std::uint32_t generation_mark() {
        return static_cast<std::uint32_t>(fork_generation()) << 2;
    }
    static bool is_free(std::uint32_t word, std::uint32_t mark) {
        return word == mark || (word & ~3u) != mark;
    }
    void lock_slowly(std::uint32_t mark) {
        MAILSLOT_CHECK(holder_.load(std::memory_order_relaxed) != thread_name());
        for (;;) {
            std::uint32_t seen = word_.load(std::memory_order_relaxed);
            if (is_free(seen, mark)) {
                if (word_.compare_exchange_strong(seen, mark | kContended,
                                                  std::memory_order_acquire)) {
                    return;
                }
            } else if (seen == (mark | kContended) ||
                       word_.compare_exchange_strong(seen, mark | kContended,
                                                     std::memory_order_relaxed)) {
                futex_wait(word_, mark | kContended, std::nullopt);
            }
        }
    }

    std::atomic<std::uint32_t> word_{0};
    std::atomic<std::uint64_t> holder_{0};  // written by the holder
};

}  // namespace mailslot::os
