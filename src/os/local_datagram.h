// Datagrams between programs of a machine (in the same network namespace) by abstract names
// (unix(7)). They need no file and no network interface, and any user may send.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "mailslot/result.h"
#include "os/fork_guard.h"

namespace mailslot::os {

class LocalDatagramSocket {
public:
    // Errors: no_resources; port_taken if another socket has the name
    static Result<LocalDatagramSocket> bind(std::string_view name);
    static Result<LocalDatagramSocket> open_for_sending();
    // adopt() takes a socket that another process bound and handed over. Returns nullopt if `fd` is
    // no such socket. release() is the way back.
    static std::optional<LocalDatagramSocket> adopt(GuardedFd fd);
    GuardedFd release() { return std::move(fd_); }

    int fd() const { return fd_.get(); }
    // Waits at most `patience` for room at the other end.
    // Errors: no_resources if there was none, unreachable if no socket has the name any more
    Result<void> send(Bytes datagram, std::string_view to, std::chrono::milliseconds patience);
    // Returns the next datagram, cut to the buffer's size; nullopt if none waits.
    struct Received {
        std::size_t size = 0;
        std::optional<std::uint32_t> user{};  // the sender's, as the kernel says
    };
    std::optional<Received> receive(std::span<std::byte> buffer);

private:
    explicit LocalDatagramSocket(GuardedFd fd) : fd_(std::move(fd)) {}
    GuardedFd fd_;
};

// Returns the abstract names of existing sockets that begin with `prefix`.
std::vector<std::string> abstract_names(std::string_view prefix);

}  // namespace mailslot::os
