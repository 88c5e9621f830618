#include "os/fork_guard.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <new>
#include <vector>

namespace mailslot::os {
namespace {

// Never destroyed: threads may still close descriptors while the program ends.
struct Guard {
    std::mutex mutex;
    std::vector<int> fds;

    static Guard& instance() {
        static Guard& guard = *new Guard;
        return guard;
    }

    Guard() {
        pthread_atfork([] { instance().mutex.lock(); }, [] { instance().mutex.unlock(); },
                       [] { instance().begin_child(); });
    }

    void begin_child() {
        for (const int fd : fds) close(fd);
        fds.clear();
        fork_generation_word.fetch_add(1);
        mutex.unlock();  // locked by this thread before the fork
    }
};

// Counts forks from the start of the program.
[[maybe_unused]] const bool is_watching = (Guard::instance(), true);

}  // namespace

GuardedFd GuardedFd::make(const std::function<int()>& make) {
    Guard& guard = Guard::instance();
    std::lock_guard lock(guard.mutex);
    GuardedFd made;
    made.fd_ = make();
    made.generation_ = fork_generation();
    if (made.fd_ >= 0) guard.fds.push_back(made.fd_);
    return made;
}

GuardedFd GuardedFd::duplicate(Handle fd) {
    return make([fd] { return fcntl(to_number(fd), F_DUPFD_CLOEXEC, 0); });
}

std::vector<GuardedFd> GuardedFd::make_several(const std::function<std::vector<int>()>& make) {
    Guard& guard = Guard::instance();
    std::lock_guard lock(guard.mutex);
    const std::vector<int> fds = make();
    std::vector<GuardedFd> made(fds.size());
    for (std::size_t i = 0; i < fds.size(); ++i) {
        made[i].fd_ = fds[i];
        made[i].generation_ = fork_generation();
        guard.fds.push_back(fds[i]);
    }
    return made;
}

GuardedFd::GuardedFd(GuardedFd&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), generation_(other.generation_) {}

GuardedFd& GuardedFd::operator=(GuardedFd&& other) noexcept {
    if (this == &other) return *this;
    reset();
    fd_ = std::exchange(other.fd_, -1);
    generation_ = other.generation_;
    return *this;
}

UniqueFd GuardedFd::release() {
    if (fd_ < 0) return UniqueFd();
    Guard& guard = Guard::instance();
    std::lock_guard lock(guard.mutex);
    const int fd = std::exchange(fd_, -1);
    // In a child, the number may already belong to another file.
    if (generation_ != fork_generation()) return UniqueFd();
    guard.fds.erase(std::find(guard.fds.begin(), guard.fds.end(), fd));
    return UniqueFd(fd);
}

void GuardedFd::reset() {
    if (fd_ < 0) return;
    Guard& guard = Guard::instance();
    std::lock_guard lock(guard.mutex);
    if (generation_ == fork_generation()) {
        guard.fds.erase(std::find(guard.fds.begin(), guard.fds.end(), fd_));
        UniqueFd closes(fd_);
    }
    fd_ = -1;
}

}  // namespace mailslot::os
