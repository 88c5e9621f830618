#include "office/door.h"

#include <algorithm>
#include <utility>

#include "os/descriptors.h"
#include "os/failure.h"
#include "os/user.h"
#include "wire/local_message.h"

namespace mailslot::office {
namespace {

using namespace std::chrono_literals;

constexpr auto kAcceptPause = 100ms;  // when descriptors have run out
constexpr int kAcceptedAtOnce = 32;
constexpr auto kMaySayNothing = 2s;  // strangers that have just connected
// Descriptors that wait to be closed, for each user; but no more than a user's connections.
constexpr std::size_t kMostWaitToBeClosed = 512;

}  // namespace

DoorBounds bounds_of_process(std::size_t in_all) {
    const std::size_t most = os::most_descriptors();
    return {.in_all = std::min(in_all, most / 4 * 3),
            .of_strangers = std::min(in_all / 2, most / 8 * 3),
            .of_stranger = std::min(in_all / 8, std::max<std::size_t>(most / 8, 1))};
}

Door::Door(os::EventLoop& loop, const Clock& clock, const DoorBounds& bounds, Hear hear)
    : loop_(loop), clock_(clock), bounds_(bounds), hear_(std::move(hear)) {}

Door::~Door() {
    while (!listeners_.empty()) shut(listeners_.back().fd);
    while (!guests_.empty()) dismiss(guests_.begin()->first);
}

Result<void> Door::open(os::Handle listener, Descriptors descriptors) {
    const bool are_refused =
        descriptors == Descriptors::refused && os::refuse_descriptors(listener);
    const Listener entry{listener, are_refused};
    auto added =
        accept_again_ ? Result<void>() : loop_.add(listener, [this, entry] { accept(entry); });
    if (added) listeners_.push_back(entry);
    return added;
}

void Door::shut(os::Handle listener) {
    const auto removed =
        std::erase_if(listeners_, [listener](const Listener& each) { return each.fd == listener; });
    if (removed > 0 && !accept_again_) loop_.remove(listener);
}

// Accepts several at a time: all users share the queue, and a user that connects without end would
// fill it.
void Door::accept(const Listener& listener) {
    for (int i = 0; i < kAcceptedAtOnce && accept_one(listener); ++i) {
    }
}

bool Door::accept_one(const Listener& listener) {
    // A connection that is turned away waits to be closed, too.
    if (strangers_in_all_ + closer_.open_in_all() >= bounds_.of_strangers * 5 / 4) {
        pause_accepting();
        return false;
    }
    os::GuardedFd connection = os::accept_local(listener.fd);
    if (!connection) {
        if (os::failure_of(os::last_code()) != os::Failure::busy) pause_accepting();
        return false;
    }
    const auto begun = clock_.now();
    const os::Handle fd = connection.get();
    const std::uint32_t user = os::peer_identity(fd).uid;
    Guest guest{.connection = std::move(connection),
                .user = user,
                .is_stranger = !os::is_own_user_or_root(user),
                .closes_at_once = listener.closes_at_once};
    const bool is_stranger = guest.is_stranger;
    if (!has_room_for(guest)) {
        turn_away(std::move(guest));
    } else if (watch(fd)) {
        if (is_stranger) {
            ++strangers_[user];
            ++strangers_in_all_;
            silent_.push_back({begun + kMaySayNothing, fd, ++arrivals_});
            guest.number = arrivals_;
        }
        guests_[fd] = std::move(guest);
    }
    if (is_stranger) shares_.charge(user, clock_.now() - begun, clock_.now());
    return true;
}

bool Door::take_in(os::GuardedFd connection) {
    const os::Handle fd = connection.get();
    const std::uint32_t user = os::peer_identity(fd).uid;
    const bool is_stranger = !os::is_own_user_or_root(user);
    if (!watch(fd)) return false;
    guests_[fd] = {.connection = std::move(connection), .user = user, .is_stranger = is_stranger};
    if (!is_stranger) return true;
    ++strangers_[user];
    ++strangers_in_all_;
    return true;
}

bool Door::watch(os::Handle fd) {
    return loop_.add(fd, [this, fd] { serve(fd); }).has_value();
}

// Pauses while there are no descriptors: waiting connections stay in the queue, and would wake us
// for ever.
void Door::pause_accepting() {
    for (const Listener& each : listeners_) loop_.remove(each.fd);
    accept_again_ = clock_.now() + kAcceptPause;
}

bool Door::has_room_for(const Guest& guest) const {
    if (guests_.size() >= bounds_.in_all) return false;
    if (!guest.is_stranger) return true;
    if (strangers_in_all_ + closer_.open_in_all() >= bounds_.of_strangers) return false;
    const auto found = strangers_.find(guest.user);
    const std::size_t open = found == strangers_.end() ? 0 : found->second;
    return open + closer_.open_of(guest.user) < bounds_.of_stranger;
}

// Refuses openly, so that the process can tell this from a process that does not run.
void Door::turn_away(Guest guest) {
    (void)os::send_packet(guest.connection.get(),
                          wire::encode({.op = wire::LocalOp::refused, .why = Errc::no_resources}));
    close(std::move(guest));
}

// A stranger's connection may hold descriptors that nobody has taken out, so another thread closes
// it.
void Door::close(Guest guest) {
    if (guest.is_stranger && !guest.closes_at_once) {
        closer_.close(guest.user, guest.connection.release());
    }
}

os::GuardedFd Door::give_out(os::Handle fd) {
    const auto found = guests_.find(fd);
    if (found == guests_.end()) return {};
    Guest guest = std::move(found->second);
    guests_.erase(found);
    if (!guest.is_paused) loop_.remove(fd);
    if (guest.is_stranger) {
        --strangers_in_all_;
        if (--strangers_[guest.user] == 0) strangers_.erase(guest.user);
    }
    return std::move(guest.connection);
}

void Door::dismiss(os::Handle fd) {
    const auto found = guests_.find(fd);
    if (found == guests_.end()) return;
    Guest guest{.user = found->second.user,
                .is_stranger = found->second.is_stranger,
                .closes_at_once = found->second.closes_at_once};
    guest.connection = give_out(fd);
    close(std::move(guest));
}

void Door::serve(os::Handle fd) {
    const auto found = guests_.find(fd);
    if (found == guests_.end()) return;
    if (!found->second.is_stranger) return hear_(fd);
    const std::uint32_t user = found->second.user;
    found->second.has_spoken = true;
    const auto begun = clock_.now();
    if (is_behind(user)) return pause(user, begun + TimeShares::kWindow);
    hear_(fd);
    const auto now = clock_.now();
    shares_.charge(user, now - begun, now);
    if (const auto until = shares_.waits_until(user, now)) pause(user, *until);
}

// Returns true if too many descriptors wait to be closed, so that another packet of this user, which
// may bring 253 more, must wait.
bool Door::is_behind(std::uint32_t user) const {
    return closer_.open_of(user) > std::min(kMostWaitToBeClosed, bounds_.of_stranger) ||
           closer_.open_in_all() > bounds_.of_strangers;
}

Result<os::Packet> Door::hear(os::Handle fd) { return os::receive_packet(fd, clock_.now()); }

void Door::put_away(std::uint32_t user, std::vector<os::UniqueFd> fds) {
    if (!os::is_own_user_or_root(user)) closer_.close(user, std::move(fds));
}

std::vector<os::Handle> Door::all() const {
    std::vector<os::Handle> fds;
    for (const auto& [fd, guest] : guests_) fds.push_back(fd);
    return fds;
}

std::uint32_t Door::user_of(os::Handle fd) const {
    const auto found = guests_.find(fd);
    return found != guests_.end() ? found->second.user : os::PeerIdentity::kNobody;
}

// Stops hearing the user. Packets wait in the sockets meanwhile.
void Door::pause(std::uint32_t user, Clock::Instant until) {
    paused_[user] = until;
    for (auto& [fd, guest] : guests_) {
        if (guest.user != user || guest.is_paused) continue;
        loop_.remove(fd);
        guest.is_paused = true;
    }
}

void Door::resume(std::uint32_t user) {
    for (auto& [fd, guest] : guests_) {
        if (guest.user == user && guest.is_paused) guest.is_paused = !watch(fd);
    }
}

void Door::dismiss_silent(Clock::Instant now) {
    while (!silent_.empty() && silent_.front().until <= now) {
        const Silent silent = silent_.front();
        silent_.pop_front();
        const auto found = guests_.find(silent.fd);
        const bool is_it = found != guests_.end() && found->second.number == silent.number;
        if (is_it && !found->second.has_spoken) dismiss(silent.fd);
    }
}

void Door::tick() {
    const auto now = clock_.now();
    dismiss_silent(now);
    for (auto next = paused_.begin(); next != paused_.end();) {
        const auto [user, until] = *next;
        if (until > now) {
            ++next;
            continue;
        }
        next = paused_.erase(next);
        resume(user);
    }
    if (!accept_again_ || now < *accept_again_) return;
    accept_again_.reset();
    for (const Listener& each : listeners_) {
        (void)loop_.add(each.fd, [this, each] { accept(each); });
    }
}

std::optional<Clock::Instant> Door::next_tick() const {
    std::optional<Clock::Instant> next = accept_again_;
    const auto by = [&next](Clock::Instant at) { next = std::min(next.value_or(at), at); };
    if (!silent_.empty()) by(silent_.front().until);
    for (const auto& [user, until] : paused_) by(until);
    return next;
}

}  // namespace mailslot::office
