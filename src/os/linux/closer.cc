#include "os/closer.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <semaphore>
#include <utility>

#include "os/thread.h"

namespace mailslot::os {
namespace {

// Users beyond these wait for a thread: each of these has a close under way that does not return.
constexpr std::size_t kMostThreads = 16;

bool close_range(unsigned first, unsigned last) {
    return first > last || syscall(SYS_close_range, first, last, 0) == 0;
}

// In a table of descriptors of the calling thread's own, which has then nothing but these.
bool keep_alone(std::vector<int>& fds) {
    std::ranges::sort(fds);
    unsigned from = 0;
    for (const int fd : fds) {
        const unsigned number = static_cast<unsigned>(fd);
        if (number > 0 && !close_range(from, number - 1)) return false;
        from = number + 1;
    }
    return close_range(from, ~0u);
}

// A second owner of files, whose end is the last close of them. It does not wait for what a socket
// has not sent: the kernel lets no thread linger that ends.
struct Holder {
    std::vector<int> fds;
    std::binary_semaphore is_ready{0}, may_end{0};
    bool holds = false;

    void run() {
        holds = unshare(CLONE_FILES) == 0 && keep_alone(fds);
        is_ready.release();
        may_end.acquire();
    }
};

// Where it can, through a holder; nothing is open in this process's table in the end.
void close_all(std::deque<UniqueFd> fds) {
    auto holder = std::make_shared<Holder>();
    for (const UniqueFd& fd : fds) holder->fds.push_back(fd.get());
    const bool is_there = run_detached([holder] { holder->run(); });
    if (is_there) holder->is_ready.acquire();
    fds.clear();
    if (is_there) holder->may_end.release();
}

struct Pile {
    std::deque<UniqueFd> fds{};
    std::size_t open = 0;  // with those that are being closed
    bool has_thread = false;
};

}  // namespace

struct Closer::Work : std::enable_shared_from_this<Closer::Work> {
    std::mutex mutex{};
    std::map<std::uint32_t, Pile> piles{};
    std::size_t threads = 0;

    // Under the mutex.
    void start_thread(std::uint32_t user, Pile& pile) {
        if (pile.has_thread || threads == kMostThreads) return;
        stay_loaded();  // nobody can wait for it
        pile.has_thread = run_detached([self = shared_from_this(), user] { self->run(user); });
        if (pile.has_thread) ++threads;
    }

    void run(std::uint32_t user) {
        std::unique_lock lock(mutex);
        while (!piles[user].fds.empty()) {
            std::deque<UniqueFd> fds = std::move(piles[user].fds);
            piles[user].fds.clear();
            const std::size_t count = fds.size();
            lock.unlock();
            close_all(std::move(fds));
            lock.lock();
            piles[user].open -= count;
        }
        piles.erase(user);
        --threads;
        for (auto& [other, pile] : piles) start_thread(other, pile);
    }
};

Closer::Closer() : work_(std::make_shared<Work>()) {}

void Closer::close(std::uint32_t user, std::vector<UniqueFd> fds) {
    if (fds.empty()) return;
    std::lock_guard lock(work_->mutex);
    Pile& pile = work_->piles[user];
    pile.open += fds.size();
    for (UniqueFd& fd : fds) pile.fds.push_back(std::move(fd));
    work_->start_thread(user, pile);
}

void Closer::close(std::uint32_t user, UniqueFd fd) {
    if (!fd) return;
    std::vector<UniqueFd> one;
    one.push_back(std::move(fd));
    close(user, std::move(one));
}

std::size_t Closer::open_of(std::uint32_t user) const {
    std::lock_guard lock(work_->mutex);
    const auto found = work_->piles.find(user);
    return found != work_->piles.end() ? found->second.open : 0;
}

}  // namespace mailslot::os
