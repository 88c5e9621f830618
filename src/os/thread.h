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

// Names a thread for people who look at this process: at most 15 bytes.
void name_thread(std::thread& thread, const char* name);

// Keeps this code in memory for the life of the process, even if the program or plugin that holds
// it is unloaded by dlclose(3): threads may run in it, and handlers of the process's end point to
// it.
void stay_loaded();

// Tells a thread that waits for descriptors to end.
class StopFlag {
public:
    static Result<StopFlag> create();        // Errors: no_resources
    Handle fd() const { return fd_.get(); }  // readable once set
    void set();
    bool wait_for(std::chrono::milliseconds at_most) const;  // returns whether the flag is set

private:
    explicit StopFlag(GuardedFd fd) : fd_(std::move(fd)) {}
    GuardedFd fd_;
};

// Makes the calling thread's sleeps end on time, not up to 50 microseconds late.
void use_precise_timers();

}  // namespace mailslot::os
