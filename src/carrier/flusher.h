// Sends messages that a writer holds back (udp/udp_writer.h) when no further put sends them. The
// flusher's thread is the only lasting thread of a process that only writes. The thread starts with
// the first held message, sleeps while nothing is held, and never ends.
//
// A writer that holds messages stores its deadline in `due_ns_`, and stays on the flusher's list
// while it holds messages now and then. So a stream touches neither the list nor the thread. Each
// side writes its own flag before it reads the other's, all sequentially consistent:
//    writer:   due = t;          then listed?  if not, enters itself (under the mutex)
//    flusher:  listed = false;   then due?     if so, the writer stays (under the mutex)
// At least one of them sees the other, so no writer holds messages without being on the list. The
// thread sleeps until the first deadline. It looks at a writer that holds nothing again kHoldTime
// later, before anything held meanwhile is due, and takes it off the list after kIdleRounds
// such looks.
//
// Locks: a writer's lock comes first, the flusher's mutex inside it. The thread never waits for a
// writer's lock: its owner is in the middle of a put, so the thread looks again kRetry later.
//
// exit(): a handler takes all writers off the list, for good, and sends their messages. A later put
// (in a destructor of static storage, in another thread) learns this from watch() and does not
// hold. fork(): a child has a Process, and so a Flusher, of its own; the handler checks whose
// it is.
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
// even with a late thread no message waits longer than 1 ms.
inline constexpr std::chrono::microseconds kHoldTime{500};

// An object that holds messages back. Threads: any.
class Holder {
public:
    virtual ~Holder() = default;
    // Sends held messages that are due by `now`. Returns false if the holder is in use at
    // this moment.
    virtual bool try_flush(std::chrono::steady_clock::time_point now) = 0;

protected:
    // Sets when held messages must leave. No value: nothing is held. Call before Flusher::watch().
    void set_due(std::optional<std::chrono::steady_clock::time_point> at) {
        due_ns_.store(at ? std::chrono::nanoseconds(at->time_since_epoch()).count() : 0);
    }
    // Resets a holder in a child of fork, which has another list.
    void start_anew() {
        set_due({});
        listed_.store(false);
    }

private:
    friend class Flusher;
    std::atomic<std::int64_t> due_ns_{0};  // steady clock; 0: nothing is held
    std::atomic<bool> listed_{false};
    int idle_rounds_ = 0;  // used by the flusher only
};

// Threads: any.
class Flusher {
public:
    using Start = std::function<bool(std::function<void()>)>;  // like os::run_detached

    explicit Flusher(Start start) : start_(std::move(start)) {}

    // Called by a holder that has set its due_ns_, under the holder's lock. Returns false if there
    // is no thread, or if the process ends. The holder must not hold anything then.
    bool watch(const std::shared_ptr<Holder>& holder) {
        return holder->listed_.load() || enter(holder);
    }

    // Sends everything held, at the end of a process. From then on no writer may hold anything.
    void finish();

    // Does a round. Returns when to do the next. No value: when a holder enters. Public for
    // its test.
    os::Deadline run_once(std::chrono::steady_clock::time_point now);

private:
    bool enter(const std::shared_ptr<Holder>& holder);
    void run();

    const Start start_;
    std::atomic<std::uint32_t> entered_{0};  // counts holders that entered an empty list

    os::ForkMutex mutex_;  // guards the members below
    std::vector<std::shared_ptr<Holder>> holders_;
    bool has_thread_ = false, has_ended_ = false;
};

}  // namespace mailslot
