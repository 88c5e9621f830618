// Waits for many descriptors and calls the function of each that is ready.
// Threads: the same for all calls, except wake()
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "mailslot/result.h"
#include "os/fd.h"
#include "os/futex.h"

namespace mailslot::os {

class EventLoop {
public:
    static Result<std::unique_ptr<EventLoop>> create();  // Errors: no_resources

    // Calls `ready` when the descriptor is readable or the other end is gone.
    // Errors: no_resources
    Result<void> add(Handle fd, std::function<void()> ready);
    // Calls `ready` once, and again after each arm().
    // Errors: no_resources
    Result<void> add_once(Handle fd, std::function<void()> ready);
    void arm(Handle fd);
    void remove(Handle fd);  // before the descriptor is closed; `ready` itself may call this

    // Waits until a descriptor is ready, wake() was called or the deadline has passed. Calls the
    // function of each ready descriptor once.
    void run_once(Deadline deadline);
    void wake();

private:
    Result<void> add(Handle fd, std::uint32_t events, std::function<void()> ready);
    EventLoop(UniqueFd epoll, UniqueFd wake) : epoll_(std::move(epoll)), wake_(std::move(wake)) {}

    UniqueFd epoll_, wake_;
    std::map<Handle, std::shared_ptr<std::function<void()>>> ready_;
};

}  // namespace mailslot::os
