#include "office/office_place.h"

#include <chrono>
#include <utility>

#include "os/local_socket.h"

namespace mailslot::office {
namespace {

// Shorter than the time that a successor waits before it receives.
constexpr std::chrono::milliseconds kLookAtLockEvery{250};

constexpr unsigned kForOwner = 0600, kForAll = 0666;

}  // namespace

OfficePlace::OfficePlace(const local::SlotFolder& folder, const NetworkId& network,
                         const Clock& clock, const OfficeRole& role, Door& door, os::GuardedFd lock)
    : folder_(folder),
      network_(network),
      clock_(clock),
      role_(role),
      door_(door),
      lock_(std::move(lock)),
      registrations_{folder.office_socket_path(), role.serves_all_users ? kForAll : kForOwner},
      takeovers_{folder.takeover_socket_path(), kForOwner} {
    // Fails on a full disk: processes of other networks then take the office for theirs, as in a
    // folder of their own.
    (void)mark_lock();
}

// Tells processes in other networks that the office is not theirs.
Result<void> OfficePlace::mark_lock() const {
    return folder_.write_office_mark(lock_, {network_, role_.rank != wire::Rank::reader});
}

Result<void> OfficePlace::listen() {
    auto able = listen_at(takeovers_);
    if (!able) return able;
    if (role_.listener != os::kNoHandle) {
        able = door_.open(role_.listener, Door::Descriptors::wanted);
        // The file is gone if a process took our place while we stood still, with a socket of its
        // own.
        if (!able || os::file_at(registrations_.path)) return able;
        return listen_at(registrations_);
    }
    // A service manager may listen here, and start mailslotd when a process connects. Mailslotd
    // then takes over from us, and processes register there.
    const std::string& path = registrations_.path;
    if (os::is_listened_at(path) && os::connect_local(path)) return {};
    return listen_at(registrations_);
}

Result<void> OfficePlace::listen_at(Socket& socket) {
    // Left by a dead office or our predecessor, because the lock is ours.
    os::remove_socket(socket.path);
    auto made = os::listen_local(socket.path, socket.mode);
    if (!made) return made.error();
    os::give_to_folder_owner(socket.path);
    socket.file = os::file_at(socket.path);
    socket.listener = std::move(*made);
    return door_.open(socket.listener.get(), Door::Descriptors::wanted);
}

void OfficePlace::stop_listening() {
    if (role_.listener != os::kNoHandle) door_.shut(role_.listener);
    for (Socket* const socket : {&registrations_, &takeovers_}) {
        if (!socket->listener) continue;
        door_.shut(socket->listener.get());
        socket->listener.reset();
        if (os::file_at(socket->path) == socket->file) {  // else another office's
            os::remove_socket(socket->path);
        }
    }
}

bool OfficePlace::keep() {
    const auto held = os::file_of(lock_);
    if (held && os::file_at(folder_.office_lock_path()) != held) {
        auto fresh = os::try_lock_file(folder_.office_lock_path());
        if (!fresh) return true;  // the folder is not back yet
        if (!*fresh) return false;
        lock_ = std::move(*fresh);
        (void)mark_lock();
    }
    for (Socket* const socket : {&registrations_, &takeovers_}) {
        const bool is_open = socket->listener && door_.is_accepting();
        if (!is_open || os::file_at(socket->path) == socket->file) continue;
        door_.shut(socket->listener.get());
        (void)listen_at(*socket);  // if that fails, tried again next time
    }
    return true;
}

bool OfficePlace::is_lost() {
    const auto now = clock_.now();
    if (!is_lost_ && lock_ && now >= look_at_lock_at_) {
        const auto there = os::file_at(folder_.office_lock_path());
        is_lost_ = there && there != os::file_of(lock_);
        look_at_lock_at_ = now + kLookAtLockEvery;
    }
    return is_lost_;
}

}  // namespace mailslot::office
