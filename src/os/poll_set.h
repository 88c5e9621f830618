// Several descriptors behind one, which polls readable while any of them is.
#pragma once

#include "mailslot/result.h"
#include "os/fd.h"

namespace mailslot::os {

class PollSet {
public:
    static Result<PollSet> open();  // Errors: no_resources.

    int fd() const { return fd_.get(); }
    // A descriptor leaves the set when it is closed. Errors: no_resources.
    Result<void> add(int fd);

private:
    explicit PollSet(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
};

}  // namespace mailslot::os
