// A mutex that is nearly always locked by the same thread. That thread, the owner, locks and
// unlocks by plain loads and stores, without a locked instruction. Any other thread may lock the
// mutex too, at the price of some microseconds. If others do so again and again, the mutex loses
// its owner and becomes a plain ForkMutex for good. Like a ForkMutex, it is free in a child of
// fork(2), where the guarded state must be made anew. The first thread that locks the mutex becomes
// the owner, unless it locks as a guest: a thread that is known to come rarely. The program stops
// with a message if a thread locks a mutex that it holds.
//
// Why two threads never hold the mutex at once: the owner stores to held_ and then looks at owner_
// again. Another thread takes base_, clears owner_ and then looks at held_. A processor may swap a
// store and a later load, on either side. So the other thread calls membarrier(2) between its two
// steps, and the kernel puts a full barrier into every running thread of the process. If the
// owner's store came before that barrier, the other thread sees held_ and waits. If the store came
// after the barrier, so does the owner's second look, which finds owner_ cleared: the owner waits
// at base_. The other thread restores owner_ before it releases base_. If the kernel has no
// membarrier, no thread ever becomes owner.
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
        const std::uint64_t self = thread_name();
        if (owner_.load(std::memory_order_relaxed) == self) [[likely]] {
            if (held_.load(std::memory_order_relaxed) != 0) [[unlikely]]
                return lock_slowly(self);
            held_.store(self, std::memory_order_relaxed);
            // keeps the compiler to this order
            std::atomic_signal_fence(std::memory_order_seq_cst);
            if (owner_.load(std::memory_order_acquire) == self) [[likely]] {
                by_bias_ = true;
                return;
            }
            held_.store(0, std::memory_order_release);
        }
        lock_slowly(self);
    }
    void lock_as_guest();
    bool try_lock();  // as a guest, without waiting; false also if this thread holds the mutex
    void unlock() {
        if (!by_bias_) return unlock_slowly();
        by_bias_ = false;
        held_.store(0, std::memory_order_release);
    }

    // Returns whether lock() is cheap for this thread.
    bool is_owned_by_this_thread() const {
        return owner_.load(std::memory_order_relaxed) == thread_name();
    }

    // Holds the mutex as a guest.
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
    void lock_slowly(std::uint64_t self);
    bool is_held_by(std::uint64_t self) const;
    void mark_as_held(std::uint64_t self);
    void begin_anew();
    bool is_of_another() const;
    void borrow();
    void unlock_slowly();

    static constexpr std::uint64_t kNobody = 0;

    std::atomic<std::uint64_t> owner_{kNobody};  // a thread's name; changed with base_ held
    std::atomic<std::uint64_t> held_{0};         // the owner's name; only the owner stores here
    bool by_bias_ = false;  // how the holder took the mutex; belongs to the holder
    // Guarded by base_.
    std::uint64_t lender_ = kNobody;  // the owner, while another thread holds base_
    std::uint64_t generation_ = 0;    // the fork generation of this state
    bool may_have_owner_ = false;     // no thread has become owner yet
    int borrowed_in_a_row_ = 0;
    std::chrono::steady_clock::time_point borrowed_at_{};
    ForkMutex base_;
};

}  // namespace mailslot::os
