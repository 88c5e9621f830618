// Sends what writers hold back (remote_writer.h) and nobody puts behind: the one thread that a
// process which only writes may have. It is started with the first message that is held, sleeps
// while nothing is, and never ends.
//
// Who holds something says until when, in `due_ns_`, and is on the flusher's list as long as it
// does so now and then: a stream touches neither the list nor the thread. For both sides look at
// what the other one wrote, in opposite order, all sequentially consistent:
//     writer:   due = t;          then listed?  if not, enters itself (under the mutex)
//     flusher:  listed = false;   then due?     if there is one, it stays (under the mutex)
// So one of the two sees the other, and nothing is held that is not on the list. The thread sleeps
// until the first that is due; who is on the list and holds nothing is looked at kHoldTime later,
// before anything that it may hold meanwhile is due, and leaves the list after kIdleRounds of it.
//
// Locks: a writer's own comes first, the flusher's mutex inside it. The thread never waits for a
// writer's lock: who has it is in the middle of a put, and it looks again kRetry later.
//
// exit(): a handler takes everybody off the list, for good, and sends what they hold. A put that
// comes later (in a destructor of static storage, in another thread) is told so and does not hold.
// fork(): a child has a Process, and so a Flusher, of its own; the handler looks whose it is.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "os/fork_mutex.h"

namespace mailslot {

// Long enough for a stream of 100,000 small messages a second to fill datagrams, short enough that
// with a late thread nothing waits longer than 1 ms.
inline constexpr std::chrono::microseconds kHoldTime{500};

// Who holds messages back. Threads: any.
class Holder {
public:
    virtual ~Holder() = default;
    // Sends what is held and is due by then; false: it is in use just now.
    virtual bool try_flush(std::chrono::steady_clock::time_point now) = 0;

protected:
    // When what is held must leave; no value: nothing is held. Before Flusher::watch().
    void set_due(std::optional<std::chrono::steady_clock::time_point> at) {
        due_ns_.store(at ? std::chrono::nanoseconds(at->time_since_epoch()).count() : 0);
    }
    // In a child of fork, where the list is another.
    void start_anew() {
        set_due({});
        listed_.store(false);
    }

private:
    friend class Flusher;
    std::atomic<std::int64_t> due_ns_{0};  // of the steady clock; 0: nothing is held
    std::atomic<bool> listed_{false};
    int idle_rounds_ = 0;  // the flusher's own
};

// Threads: any.
class Flusher {
public:
    using Start = std::function<bool(std::function<void()>)>;  // as os::run_detached

    explicit Flusher(Start start) : start_(std::move(start)) {}

    // To be called by who set its due_ns_, under its own lock. False: there is no thread for it, or
    // the process ends; it must not hold anything.
    bool watch(const std::shared_ptr<Holder>& holder) {
        return holder->listed_.load() || enter(holder);
    }

    // Sends what everybody holds; from then on nobody may hold anything. For the end of a process.
    void finish();

    // One round: when to come again; no value: when somebody enters. Public for its test.
    os::Deadline run_once(std::chrono::steady_clock::time_point now);

private:
    bool enter(const std::shared_ptr<Holder>& holder);
    void run();

    const Start start_;
    std::atomic<std::uint32_t> entered_{0};  // counts those that came to an empty list

    os::ForkMutex mutex_;  // guards what follows
    std::vector<std::shared_ptr<Holder>> holders_;
    bool has_thread_ = false, has_ended_ = false;
};

}  // namespace mailslot
