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
#include <list>
#include <optional>
#include <utility>

#include "os/linux/network_error.h"
#include "os/linux/poll_time.h"
#include "os/linux/socket_address.h"

namespace mailslot::os {
namespace {

using std::chrono::steady_clock;
using Instant = steady_clock::time_point;

constexpr std::size_t kMostRequestBytes = 8192;
constexpr std::chrono::seconds kPatience{1};       // for the request, and again for the answer
constexpr std::chrono::milliseconds kNoRoom{100};  // pause when descriptors have run out
constexpr int kBacklog = 64;

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

bool is_served(const sockaddr_un& file) {
    const GuardedFd probe = open_stream(AF_UNIX);
    if (!probe) return true;  // unknown, so left alone
    const int code = connect(probe.number(), reinterpret_cast<const sockaddr*>(&file), sizeof file);
    return code == 0 || errno == EAGAIN;
}

// Returns whether the file is a socket of this user. If nobody serves it, a dead server left it,
// and only such a file may be removed. Files of other kinds refuse connections too.
bool is_own_socket(const sockaddr_un& file) {
    struct stat status {};
    return lstat(file.sun_path, &status) == 0 && S_ISSOCK(status.st_mode) &&
           status.st_uid == geteuid();
}

// Errors of making a socket file come from its folder, not from a network.
Error file_error(int os_code) {
    if (os_code == EADDRINUSE) return Error{Errc::port_taken, "make socket", os_code};
    const bool denied = os_code == EACCES || os_code == EPERM || os_code == EROFS;
    return Error{denied ? Errc::no_permission : Errc::no_resources, "make socket", os_code};
}

Result<GuardedFd> listen_on_file(const sockaddr_un& file) {
    GuardedFd fd = open_stream(AF_UNIX);
    if (!fd) return network_error("socket", errno);
    if (!bind_to(fd.number(), file, sizeof file)) {
        const int os_code = errno;
        if (os_code != EADDRINUSE || is_served(file)) return file_error(os_code);
        if (!is_own_socket(file)) return Error{Errc::bad_config, "make socket", EADDRINUSE};
        unlink(file.sun_path);
        if (!bind_to(fd.number(), file, sizeof file)) return file_error(errno);
    }
    chmod(file.sun_path, 0660);
    if (listen(fd.number(), kBacklog) != 0) return network_error("listen", errno);
    return fd;
}

Result<GuardedFd> listen_on_port(const Endpoint& endpoint) {
    const bool v4 = endpoint.address.family == IpAddress::Family::v4;
    GuardedFd fd = open_stream(v4 ? AF_INET : AF_INET6);
    if (!fd) return network_error("socket", errno);
    const int one = 1;  // a predecessor's connections may still be closing
    setsockopt(fd.number(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    const SocketAddress address = to_socket_address(endpoint);
    if (!bind_to(fd.number(), address.storage, address.size)) {
        Error error = network_error("bind", errno);
        if (error.code != Errc::no_permission) error.step = "serve";
        return error;
    }
    if (listen(fd.number(), kBacklog) != 0) return network_error("serve", errno);
    return fd;
}

// Returns the caller at the other end: the user if the kernel tells, otherwise the address.
std::string caller_of(int fd) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    SocketAddress other;
    other.size = sizeof other.storage;
    auto* const address = reinterpret_cast<sockaddr*>(&other.storage);
    if (getpeername(fd, address, &other.size) == 0 && address->sa_family != AF_UNIX) {
        return to_string(to_endpoint(address).address);
    }
    const bool is_known = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0;
    return is_known ? std::to_string(credentials.uid) : "";
}

struct Conversation {
    GuardedFd fd;
    std::string caller;
    Instant deadline;
    std::string request{};
    std::optional<std::string> answer{};  // once the request is complete
    std::size_t sent = 0;
    bool is_over = false;

    bool has_request() const { return request.find("\r\n\r\n") != std::string::npos; }
    short awaits() const { return answer ? POLLOUT : POLLIN; }

    void read() {
        std::array<char, 2048> part;
        while (!has_request() && !is_over) {
            const ssize_t count = recv(fd.number(), part.data(), part.size(), 0);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0 && errno == EAGAIN) return;
            if (count <= 0 || request.size() >= kMostRequestBytes) {
                is_over = true;
                return;
            }
            request.append(part.data(), static_cast<std::size_t>(count));
        }
    }
    void write() {
        while (sent < answer->size()) {
            const std::string_view rest = std::string_view(*answer).substr(sent);
            const ssize_t count = send(fd.number(), rest.data(), rest.size(), MSG_NOSIGNAL);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0 && errno == EAGAIN) return;
            if (count <= 0) break;
            sent += static_cast<std::size_t>(count);
        }
        shutdown(fd.number(), SHUT_WR);
        is_over = true;
    }
};

class Server {
public:
    Server(int listener, int stop_fd, const StreamAnswer& answer)
        : listener_(listener), stop_fd_(stop_fd), answer_(answer) {}

    void run() {
        while (wait()) {
            for (Conversation& one : all_) go_on(one);
            drop_ended();
            accept_some();
            answer_all();
            drop_ended();
        }
    }

private:
    // Returns false if the server is to stop.
    bool wait() {
        const bool may_accept = steady_clock::now() >= accept_at_;
        std::optional<Instant> next;
        if (!may_accept) next = accept_at_;
        polled_.clear();
        polled_.push_back({stop_fd_, POLLIN, 0});
        polled_.push_back({may_accept ? listener_ : -1, POLLIN, 0});
        for (const Conversation& one : all_) {
            polled_.push_back({one.fd.number(), one.awaits(), 0});
            if (!next || one.deadline < *next) next = one.deadline;
        }
        if (poll(polled_.data(), polled_.size(), poll_time(next)) < 0 && errno != EINTR) {
            return false;
        }
        return polled_[0].revents == 0;
    }
    void go_on(Conversation& one) {
        one.answer ? one.write() : one.read();
        const bool is_late = steady_clock::now() >= one.deadline;
        const bool waits_for_us = !one.answer && one.has_request();
        if (is_late && !waits_for_us) one.is_over = true;
    }
    void drop_ended() {
        all_.remove_if([](const Conversation& one) { return one.is_over; });
    }
    // Accepts at most as many callers as may talk at a time, so that each caller's request is read
    // before the caller may have to make room.
    void accept_some() {
        if (steady_clock::now() < accept_at_) return;
        for (std::size_t i = 0; i < kMostConversations; ++i) {
            GuardedFd fd = GuardedFd::make([this] {
                return accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
            });
            if (!fd) {
                const bool lacks_room = errno != EAGAIN && errno != ECONNABORTED && errno != EINTR;
                if (lacks_room) accept_at_ = steady_clock::now() + kNoRoom;
                return;
            }
            if (all_.size() >= kMostConversations) make_room();
            const std::string caller = caller_of(fd.number());
            all_.push_back({std::move(fd), caller, steady_clock::now() + kPatience});
            all_.back().read();
        }
    }
    // Drops a caller that has not asked yet, preferably of the user or address with most
    // conversations. The list begins with the oldest.
    void make_room() {
        const auto weight = [this](const Conversation& one) {
            const auto of_caller = std::ranges::count(all_, one.caller, &Conversation::caller);
            return std::pair(!one.has_request(), of_caller);
        };
        all_.erase(std::ranges::max_element(all_, {}, weight));
    }
    // Answers all complete requests by a single call.
    void answer_all() {
        std::vector<Conversation*> asking;
        std::vector<std::string_view> requests;
        for (Conversation& one : all_) {
            if (one.is_over || one.answer || !one.has_request()) continue;
            asking.push_back(&one);
            requests.push_back(one.request);
        }
        if (asking.empty()) return;
        std::vector<std::string> answers = answer_(requests);
        for (std::size_t i = 0; i < asking.size(); ++i) {
            asking[i]->answer = i < answers.size() ? std::move(answers[i]) : std::string();
            asking[i]->deadline = steady_clock::now() + kPatience;
            asking[i]->write();
        }
    }

    const int listener_, stop_fd_;
    const StreamAnswer& answer_;
    std::list<Conversation> all_;  // in the order of arrival
    std::vector<pollfd> polled_;
    Instant accept_at_{};  // no accept before this time: descriptors had run out
};

}  // namespace

Result<StreamListener> StreamListener::open(const StreamAddress& address) {
    auto fd = address.path.empty() ? listen_on_port(address.endpoint)
                                   : listen_on_file(socket_file(address.path));
    if (!fd) return fd.error();
    const auto file = address.path.empty() ? std::nullopt : file_at(address.path);
    return StreamListener(std::move(*fd), address.path, file);
}

StreamListener::StreamListener(StreamListener&& other) noexcept
    : fd_(std::move(other.fd_)),
      path_(std::move(other.path_)),
      file_(std::exchange(other.file_, std::nullopt)) {}

void StreamListener::end() {
    if (generation_ != fork_generation()) return;
    if (fd_) shutdown(fd_.number(), SHUT_RDWR);
    if (file_ && file_at(path_) == file_) unlink(path_.c_str());
    file_.reset();
}

void serve_stream(Handle listener, Handle stop_fd, const StreamAnswer& answer) {
    Server(to_number(listener), to_number(stop_fd), answer).run();
}

}  // namespace mailslot::os
