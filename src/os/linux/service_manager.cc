#include "os/service_manager.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "os/linux/passing_fds.h"

namespace mailslot::os {
namespace {

constexpr int kFirstPassed = 3;   // SD_LISTEN_FDS_START
constexpr int kMostPassed = 256;  // more than any unit of ours passes
constexpr std::size_t kMostFds = 16;

// Removes the variable from the environment and returns the value.
std::string take_variable(const char* name) {
    const char* const value = std::getenv(name);
    std::string text = value != nullptr ? value : "";
    unsetenv(name);
    return text;
}

std::optional<long long> number_in(const std::string& text) {
    long long number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::string next_name(std::string& names) {
    const auto colon = names.find(':');
    std::string name = names.substr(0, colon);
    names.erase(0, colon == std::string::npos ? colon : colon + 1);
    return name;
}

std::vector<PassedFd> take_passed() {
    const auto pid = number_in(take_variable("LISTEN_PID"));
    const auto count = number_in(take_variable("LISTEN_FDS"));
    std::string names = take_variable("LISTEN_FDNAMES");
    std::vector<PassedFd> passed;
    if (!pid || *pid != getpid() || !count) return passed;
    for (int i = 0; i < *count && i < kMostPassed; ++i) {
        const int fd = kFirstPassed + i;
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) continue;
        passed.push_back({next_name(names), GuardedFd::make([fd] { return fd; })});
    }
    return passed;
}

}  // namespace

ServiceManager::ServiceManager() : socket_(take_variable("NOTIFY_SOCKET")), passed_(take_passed()) {
    const auto interval = number_in(take_variable("WATCHDOG_USEC"));
    const auto pid = number_in(take_variable("WATCHDOG_PID"));
    if (interval && *interval > 0 && (!pid || *pid == getpid())) {
        watchdog_ = std::chrono::microseconds(*interval);
    }
}

bool ServiceManager::notify(std::string_view state, std::span<const Handle> fds) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket_.empty() || socket_.size() >= sizeof address.sun_path || fds.size() > kMostFds) {
        return false;
    }
    std::memcpy(address.sun_path, socket_.data(), socket_.size());
    if (socket_[0] == '@') address.sun_path[0] = '\0';
    const UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    iovec part{const_cast<char*>(state.data()), state.size()};
    msghdr message{};
    message.msg_name = &address;
    message.msg_namelen = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    ControlBuffer<kMostFds> control{};
    attach(message, control, fds);
    return fd && sendmsg(fd.number(), &message, MSG_NOSIGNAL) >= 0;
}

bool logs_to_journal() {
    const char* const stream = std::getenv("JOURNAL_STREAM");  // "DEVICE:INODE"
    struct stat status {};
    if (stream == nullptr || fstat(STDERR_FILENO, &status) != 0) return false;
    return stream == std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

}  // namespace mailslot::os
