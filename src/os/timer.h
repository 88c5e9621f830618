// A descriptor that polls readable from a chosen time on.
#pragma once

#include <chrono>
#include <optional>

#include "mailslot/result.h"
#include "os/fork_guard.h"

namespace mailslot::os {

class Timer {
public:
    static Result<Timer> create();  // Errors: no_resources

    Handle fd() const { return fd_.get(); }
    void set(std::optional<std::chrono::steady_clock::time_point> at);  // nullopt: never

private:
    explicit Timer(GuardedFd fd) : fd_(std::move(fd)) {}
    GuardedFd fd_;
};

}  // namespace mailslot::os
