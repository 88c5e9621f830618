#include "os/closer.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <semaphore>
#include <utility>

#include "os/thread.h"

namespace mailslot::os {
namespace {

// The most users whose close has its own thread. Further users wait until one of these closes
// returns.
constexpr std::size_t kMostThreads = 16;

bool close_range(unsigned first, unsigned last) {
    return first > last || syscall(SYS_close_range, first, last, 0) == 0;
}

// Closes everything except `fds` in the calling thread's own table of descriptors.
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

// Taken by a holder while its table still has copies of descriptors that are not its own. Of the
// process, because all its Closers share the table that is copied.
std::binary_semaphore copying{1};
// A file of a stranger's file system can hold up a holder that closes its copy.
constexpr std::chrono::seconds kMostCopying{1};

// Waits for the holder that copies, but goes on after kMostCopying.
class CopyingTurn {
public:
    CopyingTurn() : has_turn_(copying.try_acquire_for(kMostCopying)) {}
    ~CopyingTurn() {
        if (has_turn_) copying.release();
    }
    CopyingTurn(const CopyingTurn&) = delete;
    CopyingTurn& operator=(const CopyingTurn&) = delete;

private:
    const bool has_turn_;
};

// A thread that holds a second reference to the files, so that the last close happens when the
// thread ends. That close does not wait for a socket's unsent bytes: the kernel never lets an
// ending thread linger.
struct Holder {
    std::vector<int> fds;
    std::binary_semaphore is_ready{0}, may_end{0};
    bool holds = false;

    void run() {
        {
            const CopyingTurn turn;
            holds = unshare(CLONE_FILES) == 0 && keep_alone(fds);
        }
        is_ready.release();
        may_end.acquire();
    }
};

// Closes the descriptors, if possible through a holder. None is open in this process's table
// afterwards.
void close_all(std::deque<UniqueFd> fds) {
    auto holder = std::make_shared<Holder>();
    for (const UniqueFd& fd : fds) holder->fds.push_back(fd.number());
    const bool is_there = run_detached([holder] { holder->run(); });
    if (is_there) holder->is_ready.acquire();
    fds.clear();
    if (!is_there) return;
    // Another user's holder may have copies of these descriptors, and its close must not be the last:
    // that thread goes on, so that its close would linger.
    { const CopyingTurn turn; }
    holder->may_end.release();
}

struct Pile {
    std::deque<UniqueFd> fds{};
    std::size_t open = 0;  // including those that are being closed
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
        stay_loaded();  // no thread waits for the detached one
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

std::size_t Closer::open_in_all() const {
    std::lock_guard lock(work_->mutex);
    std::size_t open = 0;
    for (const auto& [user, pile] : work_->piles) open += pile.open;
    return open;
}

std::size_t Closer::open_of(std::uint32_t user) const {
    std::lock_guard lock(work_->mutex);
    const auto found = work_->piles.find(user);
    return found != work_->piles.end() ? found->second.open : 0;
}

}  // namespace mailslot::os
