// What a thread may want of the system for itself.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

#include "mailslot/result.h"
#include "os/fork_guard.h"

namespace mailslot::os {

// Runs `work` on a thread that nobody waits for and no signal handler runs on. False: no thread to
// be had. `work` must own everything it touches.
bool run_detached(std::function<void()> work);

// The same on a thread that somebody joins. False: no thread to be had.
bool run_joinable(std::thread& thread, std::function<void()> work);

// Keeps this code in memory for the life of the process, though the program or plugin that holds it
// is unloaded by dlclose(3): threads may be in it, and handlers of the process's end lead to it.
void stay_loaded();

// Tells a thread that waits for descriptors to end.
class StopFlag {
public:
    static Result<StopFlag> create();     // Errors: no_resources
    int fd() const { return fd_.get(); }  // readable once it is set
    void set();
    bool wait_for(std::chrono::milliseconds at_most) const;  // whether it is set

private:
    explicit StopFlag(GuardedFd fd) : fd_(std::move(fd)) {}
    GuardedFd fd_;
};

// The calling thread's sleeps end when they should, not up to 50 microseconds later.
void use_precise_timers();

// A thread's share of a processor in turns of about `turn`, in place of the system's (some
// milliseconds), as long as it likes: it waits for less long where others use the processor too.
// Nothing happens where the system does not do it (Linux before 6.12) or forbids it.
// Threads: the one that it is for.
class ShortTurns {
public:
    explicit ShortTurns(std::chrono::nanoseconds turn) : turn_(turn) {}

    void begin();
    void end();
    bool are_on() const { return are_on_; }

    // Those that wait for this processor go first, for once. It costs the thread a turn, so nothing
    // happens where that is a long one.
    void give_way() const;

private:
    const std::chrono::nanoseconds turn_;
    std::chrono::nanoseconds usual_{};
    bool are_on_ = false, are_refused_ = false;
};

}  // namespace mailslot::os
