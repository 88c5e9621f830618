// Waits for several descriptors together.
#pragma once

#include <cstddef>
#include <memory>

#include "mailslot/result.h"
#include "os/futex.h"
#include "os/handle.h"

namespace mailslot::os {

// Names descriptors by their places in the list, from 0. Does not own them.
class WaitList {
public:
    WaitList();
    ~WaitList();
    WaitList(WaitList&&) noexcept;
    WaitList& operator=(WaitList&&) noexcept;

    void add(Handle fd);  // ready when readable, or when its other end has gone; kNoHandle: never
    void add_for_end(Handle fd);  // ready when its other end has gone
    std::size_t size() const;

    // Waits until one of the first `count` is ready, or until `until`; may return earlier.
    // Errors: interrupted by a signal; no_resources
    Result<void> wait(Deadline until, std::size_t count);
    Result<void> wait(Deadline until) { return wait(until, size()); }
    // Tell what the last wait found there: nothing, after an error.
    bool is_ready(std::size_t place) const;
    bool has_gone(std::size_t place) const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace mailslot::os
