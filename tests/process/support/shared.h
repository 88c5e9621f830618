// Memory that a test shares with its child processes, and events in that memory.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <atomic>
#include <chrono>
#include <new>

#include "os/futex.h"

namespace mailslot::testing_process {

// A value in memory shared with every child forked later. T needs no destructor.
template <class T>
class Shared {
public:
    Shared() {
        void* memory =
            mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) throw std::bad_alloc();
        value_ = new (memory) T();
    }
    Shared(const Shared&) = delete;
    ~Shared() { munmap(value_, sizeof(T)); }

    T* operator->() const { return value_; }
    T& operator*() const { return *value_; }

private:
    T* value_;
};

// A number that only grows, and that processes can wait for.
class Tally {
public:
    static constexpr std::chrono::seconds kPatience{20};  // reached only by a failed test

    std::uint32_t count() const { return count_.load(); }
    void add(std::uint32_t more = 1) {
        count_ += more;
        os::futex_wake_all(count_);
    }
    // Waits for an event, or as long as a datagram may need.
    void await_a_moment(std::uint32_t least) const {
        const std::uint32_t seen = count_.load();
        if (seen >= least) return;
        os::futex_wait(count_, seen,
                       std::chrono::steady_clock::now() + std::chrono::milliseconds(5));
    }
    // Waits until the number is at least `least`. Returns false after kPatience; the test has
    // then failed.
    bool await(std::uint32_t least = 1) {
        const auto deadline = std::chrono::steady_clock::now() + kPatience;
        for (;;) {
            const std::uint32_t seen = count_.load();
            if (seen >= least) return true;
            if (std::chrono::steady_clock::now() >= deadline) {
                ADD_FAILURE() << "waited for " << least << " of something, " << seen << " came";
                return false;
            }
            os::futex_wait(count_, seen, deadline);
        }
    }

private:
    std::atomic<std::uint32_t> count_{0};
};

}  // namespace mailslot::testing_process
