// Datagrams between programs of one machine (of one network namespace) by abstract names (unix(7)):
// no file and no network interface is needed, and no user is shut out.
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
    // Errors: no_resources; port_taken, where another socket has the name.
    static Result<LocalDatagramSocket> bind(std::string_view name);
    static Result<LocalDatagramSocket> open_for_sending();
    // One that another process bound and handed over, and the way back. No value: it is none.
    static std::optional<LocalDatagramSocket> adopt(GuardedFd fd);
    GuardedFd release() { return std::move(fd_); }

    int fd() const { return fd_.get(); }
    // Waits at most `patience` for room at the other end. Errors: no_resources (there was none),
    // unreachable (nobody has the name any more).
    Result<void> send(Bytes datagram, std::string_view to, std::chrono::milliseconds patience);
    // The next datagram, which is cut to the buffer's size; no value: none waits.
    struct Received {
        std::size_t size = 0;
        std::optional<std::uint32_t> user{};  // the sender's, by the kernel
    };
    std::optional<Received> receive(std::span<std::byte> buffer);

private:
    explicit LocalDatagramSocket(GuardedFd fd) : fd_(std::move(fd)) {}
    GuardedFd fd_;
};

// The abstract names that begin so, of sockets that exist now.
std::vector<std::string> abstract_names(std::string_view prefix);

}  // namespace mailslot::os
