// Starts threads and sets what the system offers a thread.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

#include "mailslot/result.h"
#include "os/fork_guard.h"

namespace mailslot::os {

// Runs `work` on a thread that is never joined and runs no signal handler. Returns false if no
// thread can be started. `work` must own all data that it uses.
bool run_detached(std::function<void()> work);

// Does the same on a thread that is joined.
bool run_joinable(std::thread& thread, std::function<void()> work);

// Keeps this code in memory for the life of the process, even if the program or plugin that holds
// it is unloaded by dlclose(3): threads may run in it, and handlers of the process's end point to
// it.
void stay_loaded();

// Tells a thread that waits for descriptors to end.
class StopFlag {
public:
    static Result<StopFlag> create();     // Errors: no_resources
    int fd() const { return fd_.get(); }  // readable once set
    void set();
    bool wait_for(std::chrono::milliseconds at_most) const;  // returns whether the flag is set

private:
    explicit StopFlag(GuardedFd fd) : fd_(std::move(fd)) {}
    GuardedFd fd_;
};

// Makes the calling thread's sleeps end on time, not up to 50 microseconds late.
void use_precise_timers();

// Gives a thread its share of a processor in turns of about `turn` instead of the system's (some
// milliseconds). The thread then waits less long for a processor that others use too. Does nothing
// if the system lacks this (Linux before 6.12) or forbids it.
// Threads: the same for all calls
class ShortTurns {
public:
    explicit ShortTurns(std::chrono::nanoseconds turn) : turn_(turn) {}

    void begin();
    void end();
    bool are_on() const { return are_on_; }

    // Lets threads that wait for this processor go first, once. Costs the thread a turn, so does
    // nothing unless short turns are on.
    void give_way() const;

private:
    const std::chrono::nanoseconds turn_;
    std::chrono::nanoseconds usual_{};
    bool are_on_ = false, are_refused_ = false;
};

}  // namespace mailslot::os
