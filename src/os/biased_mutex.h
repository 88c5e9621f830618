// A mutex for what one thread does nearly always: that thread takes it and gives it back by plain
// loads and stores, without a locked instruction. Any other thread may take it, too, at the price
// of some microseconds; where that happens again and again it is a ForkMutex from then on. Like
// that one it is free in a child of fork(2), where what it guards must be made anew. Owner becomes
// who locks it first, but for a guest: a thread that is known to come rarely. A thread that locks
// what it holds stops the program, which says so.
//
// Why it excludes. The owner sets held_ and then looks at owner_ again; another thread takes
// base_, clears owner_ and then looks at held_. A store followed by a load may change places in a
// processor, on either side; so the other one has the kernel put a full barrier into every running
// thread of the process, between its own two steps (membarrier(2)). If the owner's store came
// before that barrier, it is seen, and waited for; if it came after it, so does the owner's second
// look, which finds owner_ cleared: it waits at base_. The other one restores owner_ before it lets
// base_ go. Where the kernel has no membarrier nobody ever becomes owner.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "os/cpu.h"
#include "os/fork_mutex.h"

namespace mailslot::os {

class BiasedMutex {
public:
    void lock() {
        const std::uintptr_t self = thread_token();
        if (owner_.load(std::memory_order_relaxed) == self) [[likely]] {
            if (held_.load(std::memory_order_relaxed) != 0) [[unlikely]]
                return lock_slowly(self);
            held_.store(self, std::memory_order_relaxed);
            std::atomic_signal_fence(std::memory_order_seq_cst);  // holds the compiler to the order
            if (owner_.load(std::memory_order_acquire) == self) [[likely]] {
                by_bias_ = true;
                return;
            }
            held_.store(0, std::memory_order_release);
        }
        lock_slowly(self);
    }
    void lock_as_guest();
    bool try_lock();  // as a guest who waits for nobody; false where this thread holds it, too
    void unlock() {
        if (!by_bias_) return unlock_slowly();
        by_bias_ = false;
        held_.store(0, std::memory_order_release);
    }

    // Whether lock() is cheap for it.
    bool is_owned_by_this_thread() const {
        return owner_.load(std::memory_order_relaxed) == thread_token();
    }

    // Holds it as a guest.
    class Guest {
    public:
        explicit Guest(BiasedMutex& mutex) : mutex_(mutex) { mutex.lock_as_guest(); }
        ~Guest() { mutex_.unlock(); }
        Guest(const Guest&) = delete;
        Guest& operator=(const Guest&) = delete;

    private:
        BiasedMutex& mutex_;
    };

private:
    void lock_slowly(std::uintptr_t self);
    bool is_held_by(std::uintptr_t self) const;
    void mark_as_held(std::uintptr_t self);
    void begin_anew();
    bool is_of_another() const;
    void borrow();
    void unlock_slowly();

    static constexpr std::uintptr_t kNobody = 0;

    std::atomic<std::uintptr_t> owner_{kNobody};  // a thread's token; changed with base_ held
    std::atomic<std::uintptr_t> held_{0};  // its token, by the owner; stored to by nobody else
    bool by_bias_ = false;                 // how it was taken; of whoever holds it
    // Guarded by base_.
    std::uintptr_t lender_ = kNobody;           // the owner, while another thread holds base_
    std::atomic<std::uint64_t> generation_{0};  // whose state this is
    bool may_have_owner_ = false;               // there was none yet
    int borrowed_in_a_row_ = 0;
    std::chrono::steady_clock::time_point borrowed_at_{};
    ForkMutex base_;
};

}  // namespace mailslot::os
