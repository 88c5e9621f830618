// Descriptors that a child of fork(2) must not keep, because their closing tells other processes
// that the owner is gone. One of the two places in the project with state of the whole process
// (docs/ARCHITECTURE.md).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "os/fd.h"

namespace mailslot::os {

// Counts the forks that lead to this process, from 1; fork_guard.cc counts in the child. State made
// under another number belongs to a parent.
inline std::atomic<std::uint64_t> fork_generation_word{1};
inline std::uint64_t fork_generation() {
    return fork_generation_word.load(std::memory_order_relaxed);
}

// A descriptor that a child of fork(2) closes at birth.
class GuardedFd {
public:
    GuardedFd() = default;
    // Runs `make`, which returns a new descriptor or -1. No fork happens until the descriptor is on
    // the list.
    static GuardedFd make(const std::function<int()>& make);
    // Returns another descriptor of the same open file; empty if descriptors have run out.
    static GuardedFd duplicate(Handle fd);
    // Does the same as make() for several descriptors.
    static std::vector<GuardedFd> make_several(const std::function<std::vector<int>()>& make);
    GuardedFd(GuardedFd&& other) noexcept;
    GuardedFd& operator=(GuardedFd&& other) noexcept;
    ~GuardedFd() { reset(); }

    Handle get() const { return Handle{fd_}; }
    int number() const { return fd_; }  // for src/os/
    explicit operator bool() const { return fd_ >= 0; }
    UniqueFd release();  // children born from now on keep the descriptor
    void reset();

private:
    int fd_ = -1;
    std::uint64_t generation_ = 0;
};

}  // namespace mailslot::os
