#include "os/fork_guard.h"

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
    std::atomic<std::uint64_t> generation{1};

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
        generation.fetch_add(1);
        mutex.unlock();  // locked before the fork by this very thread
    }
};

}  // namespace

std::uint64_t fork_generation() {
    return Guard::instance().generation.load(std::memory_order_relaxed);
}

GuardedFd GuardedFd::make(const std::function<int()>& make) {
    Guard& guard = Guard::instance();
    std::lock_guard lock(guard.mutex);
    GuardedFd made;
    made.fd_ = make();
    made.generation_ = guard.generation;
    if (made.fd_ >= 0) guard.fds.push_back(made.fd_);
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

void GuardedFd::reset() {
    if (fd_ < 0) return;
    Guard& guard = Guard::instance();
    std::lock_guard lock(guard.mutex);
    // In a child the number may by now be another file's.
    if (generation_ == guard.generation) {
        guard.fds.erase(std::find(guard.fds.begin(), guard.fds.end(), fd_));
        UniqueFd closes(fd_);
    }
    fd_ = -1;
}

}  // namespace mailslot::os
