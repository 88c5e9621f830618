#include "os/local_datagram.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <set>

namespace mailslot::os {
namespace {

struct AbstractAddress {
    explicit AbstractAddress(std::string_view name) {
        address.sun_family = AF_UNIX;
        const std::size_t length = std::min(name.size(), sizeof address.sun_path - 1);
        std::memcpy(address.sun_path + 1, name.data(), length);
        size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
    }
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }

    sockaddr_un address{};
    socklen_t size;
};

GuardedFd new_socket() {
    return GuardedFd::make(
        [] { return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); });
}

}  // namespace

Result<LocalDatagramSocket> LocalDatagramSocket::open_for_sending() {
    GuardedFd fd = new_socket();
    if (!fd) return Error{Errc::no_resources, "socket", errno};
    return LocalDatagramSocket(std::move(fd));
}

Result<LocalDatagramSocket> LocalDatagramSocket::bind(std::string_view name) {
    GuardedFd fd = new_socket();
    if (!fd) return Error{Errc::no_resources, "socket", errno};
    const int yes = 1;
    if (setsockopt(fd.get(), SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) != 0) {
        return Error{Errc::no_resources, "SO_PASSCRED", errno};
    }
    const AbstractAddress address(name);
    if (::bind(fd.get(), address.get(), address.size) != 0) {
        return Error{errno == EADDRINUSE ? Errc::port_taken : Errc::no_resources, "bind", errno};
    }
    return LocalDatagramSocket(std::move(fd));
}

std::optional<LocalDatagramSocket> LocalDatagramSocket::adopt(GuardedFd fd) {
    int domain = 0, type = 0;
    socklen_t domain_size = sizeof domain, type_size = sizeof type;
    if (getsockopt(fd.get(), SOL_SOCKET, SO_DOMAIN, &domain, &domain_size) != 0 ||
        getsockopt(fd.get(), SOL_SOCKET, SO_TYPE, &type, &type_size) != 0 || domain != AF_UNIX ||
        type != SOCK_DGRAM) {
        return std::nullopt;
    }
    return LocalDatagramSocket(std::move(fd));
}

Result<void> LocalDatagramSocket::send(Bytes datagram, std::string_view to,
                                       std::chrono::milliseconds patience) {
    const AbstractAddress address(to);
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {
        if (sendto(fd_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL, address.get(),
                   address.size) >= 0) {
            return {};
        }
        if (errno == EINTR) continue;
        if (errno == ECONNREFUSED) return Error{Errc::unreachable, "send", errno};
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        if (errno != EAGAIN || left.count() <= 0) return Error{Errc::no_resources, "send", errno};
        // An unconnected socket cannot poll for room at the other end, so connect for a while.
        if (connect(fd_.get(), address.get(), address.size) == 0) {
            pollfd writable{fd_.get(), POLLOUT, 0};
            poll(&writable, 1, static_cast<int>(left.count()));
            const sockaddr nobody{AF_UNSPEC, {}};
            connect(fd_.get(), &nobody, sizeof nobody);
        }
    }
}

std::optional<LocalDatagramSocket::Received> LocalDatagramSocket::receive(
    std::span<std::byte> buffer) {
    iovec part{buffer.data(), buffer.size()};
    union {
        cmsghdr header;
        std::array<char, CMSG_SPACE(sizeof(ucred))> bytes;
    } control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    const ssize_t got = recvmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0) return std::nullopt;
    Received received{static_cast<std::size_t>(got)};
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS) continue;
        ucred credentials{};
        std::memcpy(&credentials, CMSG_DATA(c), sizeof credentials);
        received.user = credentials.uid;
    }
    return received;
}

std::vector<std::string> abstract_names(std::string_view prefix) {
    // proc(5): the path is the last column; abstract names begin with @ for the leading NUL.
    std::set<std::string> names;
    std::ifstream sockets("/proc/self/net/unix");
    for (std::string line; std::getline(sockets, line);) {
        const auto at = line.find(" @");
        if (at == std::string::npos || !line.substr(at + 2).starts_with(prefix)) continue;
        names.insert(line.substr(at + 2));
    }
    return {names.begin(), names.end()};
}

}  // namespace mailslot::os
