#include "os/local_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "os/interruption.h"
#include "os/linux/many_messages.h"
#include "os/linux/passing_fds.h"
#include "os/linux/poll_time.h"
#include "os/user.h"

namespace mailslot::os {
namespace {

Error error_of(const char* step, int code) {
    switch (code) {
        case EACCES:
        case EPERM:
        case EROFS:
            return Error{Errc::no_permission, step, code};
        case ECONNREFUSED:
        case ENOENT:
            return Error{Errc::no_such_slot, step, code};
        case EPIPE:
        case ECONNRESET:
        case ENOTCONN:
            return Error{Errc::closed, step, code};
        default:
            return Error{Errc::no_resources, step, code};
    }
}

// SO_PASSRIGHTS is missing in Debian 12's headers. unix(7) of Linux 6.16.
#ifndef SO_PASSRIGHTS
constexpr int SO_PASSRIGHTS = 83;
#endif
// SCM_MAX_FD. The kernel would close descriptors that find no room here, on this thread, before
// recvmsg(2) returns.
constexpr std::size_t kMostFdsOfPacket = 253;

GuardedFd new_socket(int flags) {
    return GuardedFd::make(
        [flags] { return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0); });
}

// A socket's address has room for a path of 107 bytes. A longer path is reached through a
// descriptor of its folder.
class SocketPath {
public:
    explicit SocketPath(const std::string& path) {
        address_.sun_family = AF_UNIX;
        std::string reachable = path;
        if (path.size() >= sizeof address_.sun_path) {
            const auto slash = path.rfind('/');
            folder_.reset(open(path.substr(0, slash).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
            reachable = "/proc/self/fd/" + std::to_string(folder_.number()) + path.substr(slash);
        }
        reachable.resize(std::min(reachable.size(), sizeof address_.sun_path - 1));
        std::memcpy(address_.sun_path, reachable.c_str(), reachable.size() + 1);
    }
    const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&address_); }

private:
    UniqueFd folder_;
    sockaddr_un address_{};
};

std::vector<UniqueFd> take_fds(msghdr& message) {
    std::vector<UniqueFd> fds;
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
         part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
            fds.emplace_back(fd);
        }
    }
    return fds;
}

// Does not wait.
// Errors: timed_out, closed
Result<Packet> receive_now(Handle fd) {
    for (;;) {
        Packet packet;
        packet.bytes.resize(kMaxPacketBytes);
        iovec part{packet.bytes.data(), packet.bytes.size()};
        ControlBuffer<kMostFdsOfPacket> control;
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.bytes.data();
        message.msg_controllen = control.bytes.size();
        const ssize_t got = recvmsg(to_number(fd), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (got >= 0) {
            packet.fds = take_fds(message);
            packet.bytes.resize(static_cast<std::size_t>(got));
            return packet;
        }
        if (errno == EAGAIN) return Error{Errc::timed_out, "receive packet"};
        if (errno != EINTR) return error_of("receive packet", errno);
    }
}

// Returns false if the deadline has passed.
bool wait_until(Handle fd, short events, Deadline deadline) {
    pollfd entry{to_number(fd), events, 0};
    const int wait = poll_time(deadline);
    if (wait == 0) return false;
    poll(&entry, 1, wait);
    return true;
}

}  // namespace

Result<GuardedFd> listen_local(const std::string& path, unsigned mode) {
    GuardedFd fd = new_socket(SOCK_NONBLOCK);
    if (!fd) return error_of("socket", errno);
    const SocketPath where(path);
    if (bind(fd.number(), where.address(), sizeof(sockaddr_un)) != 0) {
        Error error = error_of("bind the reader's socket", errno);
        if (error.code == Errc::no_such_slot) error.code = Errc::no_resources;  // no such folder
        error.detail = path;
        return error;
    }
    if (chmod(path.c_str(), mode) != 0 || listen(fd.number(), SOMAXCONN) != 0) {
        return error_of("listen", errno);
    }
    return fd;
}

Result<GuardedFd> connect_local(const std::string& path) {
    // Non-blocking: if the listener's queue is full, connect returns EAGAIN and does not wait for a
    // process that may be stopped.
    GuardedFd fd = new_socket(SOCK_NONBLOCK);
    if (!fd) return error_of("socket", errno);
    const SocketPath where(path);
    int result;
    do {
        result = connect(fd.number(), where.address(), sizeof(sockaddr_un));
    } while (result != 0 && errno == EINTR);
    if (result != 0) return error_of("connect", errno);
    return fd;
}

bool is_listened_at(const std::string& path) {
    // proc(5): Num RefCount Protocol Flags Type St Inode Path; the flag is __SO_ACCEPTCON.
    std::ifstream sockets("/proc/self/net/unix");
    for (std::string line; std::getline(sockets, line);) {
        if (!line.ends_with(" " + path)) continue;
        std::istringstream fields(line);
        std::string number, references, protocol, flags;
        fields >> number >> references >> protocol >> flags;
        if (flags == "00010000") return true;
    }
    return false;
}

bool is_listener(const GuardedFd& fd) {
    const auto is = [&fd](int option, int expected) {
        int value = -1;
        socklen_t size = sizeof value;
        return getsockopt(fd.number(), SOL_SOCKET, option, &value, &size) == 0 && value == expected;
    };
    return is(SO_DOMAIN, AF_UNIX) && is(SO_TYPE, SOCK_SEQPACKET) && is(SO_ACCEPTCONN, 1) &&
           fcntl(fd.number(), F_SETFL, fcntl(fd.number(), F_GETFL) | O_NONBLOCK) == 0;
}

bool listen_again(const GuardedFd& fd) {
    return is_listener(fd) && listen(fd.number(), SOMAXCONN) == 0;
}

bool refuse_descriptors(Handle fd) {
    const int off = 0;
    return setsockopt(to_number(fd), SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof off) == 0;
}

GuardedFd accept_local(Handle from) {
    const int listener = to_number(from);
    return GuardedFd::make([listener] {
        const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0 || !is_forbidden_call(errno)) return fd;
        const int plain = accept(listener, nullptr, nullptr);
        if (plain >= 0) fcntl(plain, F_SETFD, FD_CLOEXEC);
        if (plain >= 0) fcntl(plain, F_SETFL, O_NONBLOCK);
        return plain;
    });
}

Result<void> send_packet(Handle fd, Bytes bytes, std::span<const Handle> fds) {
    iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    ControlBuffer<kMaxPacketFds> control{};
    attach(message, control, fds);
    ssize_t sent;
    do {
        sent = sendmsg(to_number(fd), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) return error_of("send packet", errno);
    return {};
}

Result<void> send_packet_within(Handle fd, Bytes bytes, std::span<const Handle> fds,
                                Deadline deadline) {
    for (;;) {
        auto sent = send_packet(fd, bytes, fds);
        if (sent || sent.error().os_code != EAGAIN) return sent;
        if (!wait_until(fd, POLLOUT, deadline)) return Error{Errc::timed_out, "send packet"};
    }
}

Result<Packet> receive_packet(Handle fd, Deadline deadline, Interrupted interrupted) {
    Interruption interruption(interrupted);
    for (;;) {
        auto packet = receive_now(fd);
        if (packet || packet.error().code != Errc::timed_out) return packet;
        if (poll_time(deadline) == 0) return packet;
        if (interruption.has_come()) return Error{Errc::interrupted, "receive packet"};
        wait_until(fd, POLLIN, interruption.end_of_sleep(deadline));
    }
}

Result<GuardedPacket> receive_guarded(Handle fd, Deadline deadline) {
    for (;;) {
        Result<Packet> packet = Error{Errc::timed_out, "receive packet"};
        auto fds = GuardedFd::make_several([&] {
            std::vector<int> numbers;
            packet = receive_now(fd);
            if (!packet) return numbers;
            for (UniqueFd& came : packet->fds) numbers.push_back(came.release());
            return numbers;
        });
        if (packet) return GuardedPacket{std::move(packet->bytes), std::move(fds)};
        if (packet.error().code != Errc::timed_out) return packet.error();
        if (!wait_until(fd, POLLIN, deadline)) return packet.error();
    }
}

PeerIdentity peer_identity(Handle fd) {
    PeerIdentity peer;
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (getsockopt(to_number(fd), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return peer;
    peer.pid = credentials.pid;
    peer.uid = credentials.uid;
    peer.gid = credentials.gid;
    peer.groups.resize(64);
    size = static_cast<socklen_t>(peer.groups.size() * sizeof(gid_t));
    if (getsockopt(to_number(fd), SOL_SOCKET, SO_PEERGROUPS, peer.groups.data(), &size) != 0)
        size = 0;
    peer.groups.resize(size / sizeof(gid_t));
    return peer;
}

bool shares_events(Handle fd) { return is_own_user(peer_identity(fd).uid); }

}  // namespace mailslot::os
