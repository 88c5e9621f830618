#include "os/stream_server.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>

#include "os/linux/network_error.h"
#include "os/linux/socket_address.h"

namespace mailslot::os {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Instant = steady_clock::time_point;

constexpr std::size_t kMostRequestBytes = 8192;
constexpr std::chrono::seconds kPatience{2};  // for all of one connection
constexpr int kBacklog = 16;

sockaddr_un socket_file(const std::string& path) {
    sockaddr_un file{};
    file.sun_family = AF_UNIX;
    std::memcpy(file.sun_path, path.data(), std::min(path.size(), sizeof file.sun_path - 1));
    return file;
}

GuardedFd open_stream(int domain) {
    return GuardedFd::make(
        [domain] { return socket(domain, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); });
}

template <class Address>
bool bind_to(int fd, const Address& address, socklen_t size) {
    return bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0;
}

// The file stays when its server dies. A file that is no socket refuses connections as well.
bool is_dead(const sockaddr_un& file) {
    struct stat status {};
    if (lstat(file.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
    const GuardedFd probe = open_stream(AF_UNIX);
    return probe &&
           connect(probe.get(), reinterpret_cast<const sockaddr*>(&file), sizeof file) != 0 &&
           errno == ECONNREFUSED;
}

// Here no network is in the way, but a folder.
Error file_error(int os_code) {
    if (os_code == EADDRINUSE) return Error{Errc::port_taken, "make socket", os_code};
    const bool denied = os_code == EACCES || os_code == EPERM || os_code == EROFS;
    return Error{denied ? Errc::no_permission : Errc::no_resources, "make socket", os_code};
}

Result<GuardedFd> listen_on_file(const sockaddr_un& file) {
    GuardedFd fd = open_stream(AF_UNIX);
    if (!fd) return network_error("socket", errno);
    if (!bind_to(fd.get(), file, sizeof file)) {
        const int os_code = errno;
        if (os_code != EADDRINUSE || !is_dead(file)) return file_error(os_code);
        unlink(file.sun_path);
        if (!bind_to(fd.get(), file, sizeof file)) return file_error(errno);
    }
    chmod(file.sun_path, 0660);
    if (listen(fd.get(), kBacklog) != 0) return network_error("listen", errno);
    return fd;
}

Result<GuardedFd> listen_on_port(const Endpoint& endpoint) {
    const bool v4 = endpoint.address.family == IpAddress::Family::v4;
    GuardedFd fd = open_stream(v4 ? AF_INET : AF_INET6);
    if (!fd) return network_error("socket", errno);
    const int one = 1;  // connections of a predecessor may still be on their way out
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    const SocketAddress address = to_socket_address(endpoint);
    if (!bind_to(fd.get(), address.storage, address.size)) {
        Error error = network_error("bind", errno);
        if (error.code != Errc::no_permission) error.step = "serve";
        return error;
    }
    if (listen(fd.get(), kBacklog) != 0) return network_error("serve", errno);
    return fd;
}

// False: it is too late, or the server is to stop.
bool wait_for(int fd, short events, int stop_fd, Instant deadline) {
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
        if (left <= 0) return false;
        pollfd polled[] = {{fd, events, 0}, {stop_fd, POLLIN, 0}};
        const int ready = poll(polled, 2, static_cast<int>(left));
        if (ready < 0 && errno == EINTR) continue;
        return ready > 0 && polled[1].revents == 0;
    }
}

std::optional<std::string> read_request(int fd, int stop_fd, Instant deadline) {
    std::string request;
    std::array<char, 2048> part;
    while (request.find("\r\n\r\n") == std::string::npos) {
        if (request.size() >= kMostRequestBytes) return std::nullopt;
        const ssize_t count = recv(fd, part.data(), part.size(), 0);
        if (count > 0) {
            request.append(part.data(), static_cast<std::size_t>(count));
        } else if (count == 0 || (errno != EAGAIN && errno != EINTR) ||
                   !wait_for(fd, POLLIN, stop_fd, deadline)) {
            return std::nullopt;
        }
    }
    return request;
}

void send_all(int fd, std::string_view text, int stop_fd, Instant deadline) {
    while (!text.empty()) {
        const ssize_t count = send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        if (count > 0) {
            text.remove_prefix(static_cast<std::size_t>(count));
        } else if ((errno != EAGAIN && errno != EINTR) ||
                   !wait_for(fd, POLLOUT, stop_fd, deadline)) {
            return;
        }
    }
}

}  // namespace

Result<GuardedFd> listen_stream(const StreamAddress& address) {
    if (!address.path.empty()) return listen_on_file(socket_file(address.path));
    return listen_on_port(address.endpoint);
}

void remove_stream(const StreamAddress& address) {
    if (!address.path.empty()) unlink(address.path.c_str());
}

void serve_stream(int listener, int stop_fd,
                  const std::function<std::string(std::string_view request)>& answer) {
    for (;;) {
        pollfd polled[] = {{listener, POLLIN, 0}, {stop_fd, POLLIN, 0}};
        if (poll(polled, 2, -1) < 0 && errno != EINTR) return;
        if (polled[1].revents != 0) return;
        const GuardedFd connection = GuardedFd::make([listener] {
            return accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        });
        if (!connection) {
            // Out of descriptors, perhaps: the caller stays in the queue.
            if (errno == EMFILE || errno == ENFILE) poll(&polled[1], 1, 100);
            continue;
        }
        const Instant deadline = steady_clock::now() + kPatience;
        if (const auto request = read_request(connection.get(), stop_fd, deadline)) {
            send_all(connection.get(), answer(*request), stop_fd, deadline);
            shutdown(connection.get(), SHUT_WR);
        }
    }
}

}  // namespace mailslot::os
