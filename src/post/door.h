// Connections of other processes to our Unix sockets: docs/trust.md, "Users of one machine". What a
// stranger does here costs others neither descriptors nor time: each user has a bounded number of
// connections and a bounded share of the thread, and what strangers hand us another thread closes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "os/closer.h"
#include "os/event_loop.h"
#include "os/fork_guard.h"
#include "os/local_socket.h"
#include "post/time_shares.h"

namespace mailslot::post {

// How many connections there may be. A stranger is who is neither of this process's user nor root.
struct DoorBounds {
    std::size_t in_all = 0, of_strangers = 0, of_stranger = 0;
};
// As many as the process may have descriptors, but for a quarter that is left to the program, and
// at most `in_all`.
DoorBounds bounds_of_process(std::size_t in_all);

// Threads: the event loop's.
class Door {
public:
    using Hear = std::function<void(int fd)>;
    // Calls `hear` when a connection has a packet, or is at its end.
    Door(os::EventLoop& loop, const Clock& clock, const DoorBounds& bounds, Hear hear);
    ~Door();

    enum class Descriptors { wanted, refused };
    // Who connects there comes in from now on. Refused descriptors: where the system can do that,
    // nobody can send any. Errors: no_resources.
    Result<void> open(int listener, Descriptors descriptors);
    void shut(int listener);
    // A connection that came in elsewhere. False: the system has no room for it.
    bool take_in(os::GuardedFd connection);
    // It goes on elsewhere, and is not heard here any more. No descriptor: it is not here.
    os::GuardedFd give_out(int fd);
    void dismiss(int fd);

    // What the connection says. Errors: as os::receive_packet, without waiting.
    Result<os::Packet> hear(int fd);
    // Of what a connection of that user has sent, what is not kept.
    void put_away(std::uint32_t user, std::vector<os::UniqueFd> fds);

    bool has(int fd) const { return guests_.contains(fd); }
    std::size_t size() const { return guests_.size(); }
    std::vector<int> all() const;
    std::uint32_t user_of(int fd) const;
    bool is_accepting() const { return !accept_again_; }

    void tick();
    std::optional<Clock::Instant> next_tick() const;

private:
    struct Listener {
        int fd;
        bool closes_at_once;  // nothing can be in a connection's queue whose close takes long
    };
    struct Guest {
        os::GuardedFd connection{};
        std::uint32_t user = 0;
        std::uint64_t number = 0;  // descriptors' numbers come again
        bool is_stranger = false, closes_at_once = false;
        bool has_spoken = false, is_paused = false;
    };
    struct Silent {
        Clock::Instant until;
        int fd;
        std::uint64_t number;
    };

    void accept(const Listener& listener);
    bool accept_one(const Listener& listener);
    void pause_accepting();
    bool watch(int fd);
    bool has_room_for(const Guest& guest) const;
    void turn_away(Guest guest);
    void close(Guest guest);
    void serve(int fd);
    void pause(std::uint32_t user, Clock::Instant until);
    void resume(std::uint32_t user);
    void dismiss_silent(Clock::Instant now);

    os::EventLoop& loop_;
    const Clock& clock_;
    const DoorBounds bounds_;
    const Hear hear_;
    os::Closer closer_{};
    TimeShares shares_;
    std::vector<Listener> listeners_{};
    std::map<int, Guest> guests_{};
    std::map<std::uint32_t, std::size_t> strangers_{};  // connections of each
    std::size_t strangers_in_all_ = 0;
    std::uint64_t arrivals_ = 0;  // of strangers
    std::deque<Silent> silent_{};
    std::optional<Clock::Instant> accept_again_{};
    std::map<std::uint32_t, Clock::Instant> paused_{};  // users, and until when
};

}  // namespace mailslot::post
