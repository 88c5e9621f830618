// A word in shared memory that tells other processes, by a single load, that this process is gone.
// That works even after kill -9: the kernel itself writes the word (robust futexes:
// get_robust_list(2)).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "mailslot/result.h"
#include "os/shared_memory.h"

namespace mailslot::os {

// Made by the watched process. Dies with the thread that called bind_to_this_thread().
class Liveness {
public:
    static Result<std::unique_ptr<Liveness>> create();  // Errors: no_resources
    ~Liveness();                                        // says "dead"

    // Takes over this thread's robust list for good: the thread must be ours and use no robust
    // mutex.
    void bind_to_this_thread();
    void say_dead();
    const UniqueFd& fd() const { return memory_.fd; }

private:
    struct RobustList;
    explicit Liveness(SharedMemory memory);

    SharedMemory memory_;
    std::unique_ptr<RobustList> list_;
};

// The view of another process, which can only read the word.
class LivenessView {
public:
    static Result<LivenessView> attach(const UniqueFd& fd);  // Errors: bad_segment, no_resources
    bool is_dead() const {
        const auto* word = reinterpret_cast<const std::atomic<std::uint32_t>*>(mapping_.data());
        return (word->load(std::memory_order_acquire) & kOwnerDied) != 0;
    }

private:
    static constexpr std::uint32_t kOwnerDied = 0x4000'0000;  // FUTEX_OWNER_DIED of linux/futex.h

    explicit LivenessView(Mapping mapping) : mapping_(std::move(mapping)) {}
    Mapping mapping_;
};

}  // namespace mailslot::os
