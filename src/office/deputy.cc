#include "office/deputy.h"

#include <algorithm>

#include "inbox/office_pass.h"
#include "office/deputies.h"
#include "os/poll_set.h"

namespace mailslot::office {
namespace {

using wire::LocalMessage;
using wire::LocalOp;

// Segments and liveness pages need descriptors without a fork guard.
os::UniqueFd unguarded(const os::GuardedFd& fd) { return os::duplicate(fd.get()); }

}  // namespace

bool Deputy::take(const LocalMessage& message, std::vector<os::GuardedFd>& fds) {
    switch (message.op) {
        case LocalOp::lent_pulse:
            resign();
            if (fds.empty()) return true;
            if (auto pulse = PulseView::attach(fds[0].get())) pulse_ = std::move(*pulse);
            return true;
        case LocalOp::lent_socket:
            if (pulse_ && !fds.empty() && sockets_.size() < kMostLentSockets) {
                const Bytes memo = as_bytes(message.detail);
                watch({message.key, {std::move(fds[0]), {memo.begin(), memo.end()}}});
            }
            return true;
        case LocalOp::lent_slot:
            if (pulse_ && fds.size() >= 2 && slots_.size() < kMostLentSlots) {
                slots_[message.key] = {message.number, std::move(fds)};
            }
            return true;
        case LocalOp::unregister_slot:
            slots_.erase(message.key);
            return true;
        default:
            return false;
    }
}

void Deputy::hear_complaint() {
    if (!pulse_) return;
    looks_after_complaint_ = Vigil::kLooksInVain + 1;
    is_alert_ = true;
}

void Deputy::watch(Estate::Socket socket) {
    const os::Handle fd = socket.socket.fd.get();
    if (!loop_.add_once(fd, [this] { is_alert_ = true; })) return;
    sockets_.push_back(std::move(socket));
}

void Deputy::resign() {
    for (const Estate::Socket& socket : sockets_) loop_.remove(socket.socket.fd.get());
    sockets_.clear();
    slots_.clear();
    pulse_.reset();
    vigil_ = {};
    is_alert_ = false;
    look_at_.reset();
    looks_after_complaint_ = 0;
}

bool Deputy::finds_office_mute(Clock::Instant now) {
    if (is_alert_ && !look_at_) look_at_ = now;
    if (!look_at_ || now < *look_at_) return false;
    look_at_.reset();
    const Vigil::Next next = look();
    if (next != Vigil::Next::sleep) look_at_ = now + Vigil::kLookEvery;
    return next == Vigil::Next::replace;
}

Vigil::Next Deputy::look() {
    if (!pulse_) return Vigil::Next::sleep;
    std::vector<os::Handle> fds;
    for (const Estate::Socket& socket : sockets_) fds.push_back(socket.socket.fd.get());
    const bool something_waits = os::any_is_readable(fds) || looks_after_complaint_ > 0;
    if (looks_after_complaint_ > 0) --looks_after_complaint_;
    const Vigil::Next next = vigil_.look(something_waits, pulse_->beats());
    if (next == Vigil::Next::sleep) {
        is_alert_ = false;
        for (const os::Handle fd : fds) loop_.arm(fd);
    }
    return next;
}

std::vector<Estate::Socket> Deputy::take_sockets() {
    std::vector<Estate::Socket> taken;
    for (Estate::Socket& socket : sockets_) {
        loop_.remove(socket.socket.fd.get());
        taken.push_back(std::move(socket));
    }
    sockets_.clear();
    return taken;
}

Deputy::LentSlots Deputy::take_slots() {
    LentSlots taken;
    for (auto& [key, slot] : slots_) {
        std::vector<os::UniqueFd> fds;
        for (const os::GuardedFd& fd : slot.fds) fds.push_back(unguarded(fd));
        auto segment = inbox::Segment::attach(std::move(fds[0]));
        auto reader = os::LivenessView::attach(fds[1]);
        if (!segment || !reader || slot.number == 0 || slot.number >= inbox::kLockWaiters) continue;
        auto writer = std::make_unique<inbox::InboxWriter>(std::move(*segment), std::move(*reader),
                                                           slot.number, os::UniqueFd());
        if (inbox::take_extras(*writer, fds, true)) taken[key] = std::move(writer);
    }
    slots_.clear();
    return taken;
}

}  // namespace mailslot::office
