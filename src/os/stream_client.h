// A stream to another program of this machine, by the path of its Unix socket. Never blocks.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "mailslot/result.h"
#include "os/fork_guard.h"

namespace mailslot::os {

class StreamClient {
public:
    // Errors: unreachable if no program listens there; no_permission, no_resources
    static Result<StreamClient> connect(const std::string& path);

    Handle fd() const { return fd_.get(); }
    bool send(Bytes bytes);  // false if not all bytes could be sent
    // Appends the bytes that are there, up to `at_most`. Returns false if the other end has gone.
    bool receive(std::vector<std::byte>& to, std::size_t at_most);

private:
    explicit StreamClient(GuardedFd fd) : fd_(std::move(fd)) {}
    GuardedFd fd_;
};

}  // namespace mailslot::os
