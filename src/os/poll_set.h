// Several descriptors behind one, which polls readable while any of them is.
#pragma once

#include <span>
#include <vector>

#include "mailslot/result.h"
#include "os/fd.h"

namespace mailslot::os {

// Whether something waits at any of them; never blocks.
bool any_is_readable(std::span<const int> fds);

class PollSet {
public:
    static Result<PollSet> open();  // Errors: no_resources.

    int fd() const { return fd_.get(); }
    // A descriptor leaves the set when it is closed. Errors: no_resources.
    Result<void> add(int fd);
    // Those that are readable now; never blocks. Valid until it is called again.
    const std::vector<int>& readable();

private:
    explicit PollSet(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
    std::vector<int> readable_{};
};

}  // namespace mailslot::os
