// A descriptor that polls readable while any of several descriptors is readable.
#pragma once

#include <span>
#include <vector>

#include "mailslot/result.h"
#include "os/fd.h"

namespace mailslot::os {

// Returns whether any of them is readable; never blocks.
bool any_is_readable(std::span<const Handle> fds);

class PollSet {
public:
    static Result<PollSet> open();  // Errors: no_resources

    Handle fd() const { return fd_.get(); }
    // Watches `fd` until that is closed.
    // Errors: no_resources
    Result<void> add(Handle fd);
    // Returns the descriptors that are readable now, at most 64; never blocks. Valid until the next
    // call.
    const std::vector<Handle>& readable();

private:
    explicit PollSet(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
    std::vector<Handle> readable_{};
};

}  // namespace mailslot::os
