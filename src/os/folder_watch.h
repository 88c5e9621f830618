// Reports files that come into a folder.
#pragma once

#include <string>

#include "mailslot/result.h"
#include "os/fork_guard.h"

namespace mailslot::os {

class FolderWatch {
public:
    // Errors: no_such_slot if there is no such folder; no_resources
    static Result<FolderWatch> open(const std::string& path);

    Handle fd() const { return fd_.get(); }  // readable when a file came
    void clear();                            // until the next file comes, fd() is not readable

private:
    explicit FolderWatch(GuardedFd fd) : fd_(std::move(fd)) {}
    GuardedFd fd_;
};

}  // namespace mailslot::os
