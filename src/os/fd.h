// A file descriptor that closes itself.
#pragma once

#include <utility>

#include "os/handle.h"

namespace mailslot::os {

class UniqueFd {
public:
    explicit UniqueFd(int fd = -1) : fd_(fd) {}
    UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept {
        if (this != &other) reset(other.release());
        return *this;
    }
    ~UniqueFd() { reset(); }

    Handle get() const { return Handle{fd_}; }
    int number() const { return fd_; }  // for src/os/
    explicit operator bool() const { return fd_ >= 0; }
    int release() { return std::exchange(fd_, -1); }
    void reset(int fd = -1);  // closes the old descriptor; errno stays as it was

private:
    int fd_;
};

// Returns another descriptor of the same open file; empty if descriptors have run out.
UniqueFd duplicate(Handle fd);

}  // namespace mailslot::os
