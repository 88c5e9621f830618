// Connections of other processes to our Unix sockets: docs/trust.md, "Users of one machine". A
// stranger costs others neither descriptors nor time: each user has a bounded number of connections
// and a bounded share of the thread, and another thread closes the descriptors that strangers send.
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
#include "office/time_shares.h"
#include "os/closer.h"
#include "os/event_loop.h"
#include "os/fork_guard.h"
#include "os/local_socket.h"

namespace mailslot::office {

// Bounds for the number of connections. A stranger is any user other than this process's user and
// root.
struct DoorBounds {
    std::size_t in_all = 0, of_strangers = 0, of_stranger = 0;
};
// Returns bounds of at most `in_all` that leave a quarter of the process's descriptors to the
// program.
DoorBounds bounds_of_process(std::size_t in_all);

// Threads: the event loop's.
class Door {
public:
    using Hear = std::function<void(os::Handle fd)>;
    // Calls `hear` when a connection has a packet, or has ended.
    Door(os::EventLoop& loop, const Clock& clock, const DoorBounds& bounds, Hear hear);
    ~Door();

    enum class Descriptors { wanted, refused };
    // Accepts connections at `listener` from now on. With Descriptors::refused nobody can send any
    // descriptors, if the system supports that.
    // Errors: no_resources.
    Result<void> open(os::Handle listener, Descriptors descriptors);
    void shut(os::Handle listener);
    // Takes in a connection that was accepted elsewhere. Returns false if the system has no room.
    bool take_in(os::GuardedFd connection);
    // Gives a connection away, which is then not heard here. Returns no descriptor if `fd` is not
    // here.
    os::GuardedFd give_out(os::Handle fd);
    void dismiss(os::Handle fd);

    // Receives the next packet of the connection, without waiting.
    // Errors: as os::receive_packet.
    Result<os::Packet> hear(os::Handle fd);
    // Closes descriptors that a connection of that user has sent and that nobody keeps.
    void put_away(std::uint32_t user, std::vector<os::UniqueFd> fds);

    bool has(os::Handle fd) const { return guests_.contains(fd); }
    std::size_t size() const { return guests_.size(); }
    std::vector<os::Handle> all() const;
    std::uint32_t user_of(os::Handle fd) const;
    bool is_accepting() const { return !accept_again_; }

    void tick();
    std::optional<Clock::Instant> next_tick() const;

private:
    struct Listener {
        os::Handle fd;
        bool closes_at_once;  // no descriptors can be in a queue here, so closing is quick
    };
    struct Guest {
        os::GuardedFd connection{};
        std::uint32_t user = 0;
        std::uint64_t number = 0;  // unlike a descriptor's number, never used again
        bool is_stranger = false, closes_at_once = false;
        bool has_spoken = false, is_paused = false;
    };
    struct Silent {
        Clock::Instant until;
        os::Handle fd;
        std::uint64_t number;
    };

    void accept(const Listener& listener);
    bool accept_one(const Listener& listener);
    void pause_accepting();
    bool watch(os::Handle fd);
    bool has_room_for(const Guest& guest) const;
    void turn_away(Guest guest);
    void close(Guest guest);
    void serve(os::Handle fd);
    bool is_behind(std::uint32_t user) const;
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
    std::map<os::Handle, Guest> guests_{};
    std::map<std::uint32_t, std::size_t> strangers_{};  // connections of each user
    std::size_t strangers_in_all_ = 0;
    std::uint64_t arrivals_ = 0;  // strangers that have come
    std::deque<Silent> silent_{};
    std::optional<Clock::Instant> accept_again_{};
    std::map<std::uint32_t, Clock::Instant> paused_{};  // users, and the end of their pauses
};

}  // namespace mailslot::office
