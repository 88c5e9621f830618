// Where other processes come to the office: who may register, and what is entered for whom.

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <tuple>

#include "model/fold.h"
#include "os/folder.h"
#include "post/office.h"
#include "post/office_slot.h"
#include "wire/local_message.h"

namespace mailslot::post {
namespace {

using wire::LocalMessage;
using wire::LocalOp;
using namespace std::chrono_literals;

// Each takes a descriptor here. No user can use them all up.
constexpr std::size_t kMaxRegistrants = 8192;
constexpr std::size_t kMaxRegistrantsOfUser = 1024;
constexpr std::size_t kMaxSlotsOfUser = 4096;  // up to three descriptors each
constexpr auto kAcceptPause = 100ms;           // when descriptors have run out

}  // namespace

Result<void> Office::listen() {
    auto able = listen_at(folder_.takeover_socket_path(), 0600, takeover_listener_, takeover_file_);
    if (!able) return able;
    if (role_.listener >= 0) {
        able = loop_.add(role_.listener,
                         [this] { accept_registrant(os::accept_local(role_.listener)); });
        // A process that took our place while we stood still had a socket of its own there.
        if (!able || os::file_at(folder_.office_socket_path())) return able;
        return listen_at(folder_.office_socket_path(), role_.serves_all_users ? 0666 : 0600,
                         listener_, listener_file_);
    }
    // A service manager's that starts mailslotd when somebody comes: mailslotd then takes over from
    // us, and they are registered with it.
    const std::string path = folder_.office_socket_path();
    if (os::is_listened_at(path) && os::connect_local(path)) return {};
    return listen_at(path, role_.serves_all_users ? 0666 : 0600, listener_, listener_file_);
}

Result<void> Office::listen_at(const std::string& path, unsigned mode, os::GuardedFd& listener,
                               std::optional<os::FileId>& file) {
    os::remove_socket(path);  // a dead office's, or our predecessor's; ours is the lock
    auto made = os::listen_local(path, mode);
    if (!made) return made.error();
    os::give_to_folder_owner(path);
    file = os::file_at(path);
    listener = std::move(*made);
    return loop_.add(listener.get(),
                     [this, &listener] { accept_registrant(os::accept_local(listener.get())); });
}

void Office::stop_listening() {
    if (role_.listener >= 0) loop_.remove(role_.listener);
    for (const auto& [listener, file, path] :
         {std::tuple(&listener_, &listener_file_, folder_.office_socket_path()),
          std::tuple(&takeover_listener_, &takeover_file_, folder_.takeover_socket_path())}) {
        if (!*listener) continue;
        loop_.remove(listener->get());
        listener->reset();
        if (os::file_at(path) == *file) os::remove_socket(path);  // else it is another office's
    }
}

bool Office::keep_place() {
    const auto held = os::file_of(lock_);
    if (held && os::file_at(folder_.office_lock_path()) != held) {
        auto fresh = os::try_lock_file(folder_.office_lock_path());
        if (!fresh) return true;  // the folder is not back yet
        if (!*fresh) return false;
        lock_ = std::move(*fresh);
        (void)mark_lock(lock_);
    }
    const bool is_paused = accept_again_.has_value();
    for (const auto& [listener, file, path, mode] :
         {std::tuple(&listener_, &listener_file_, folder_.office_socket_path(),
                     role_.serves_all_users ? 0666u : 0600u),
          std::tuple(&takeover_listener_, &takeover_file_, folder_.takeover_socket_path(),
                     0600u)}) {
        if (!*listener || is_paused || os::file_at(path) == *file) continue;
        loop_.remove(listener->get());
        (void)listen_at(path, mode, *listener, *file);  // else once more, the next time
    }
    return true;
}

// So that processes in other networks know that the office is not theirs.
Result<void> Office::mark_lock(const os::GuardedFd& lock) const {
    return folder_.write_office_mark(lock, {network_id_, role_.rank != wire::Rank::reader});
}

void Office::accept_registrant(os::GuardedFd connection) {
    if (!connection) {
        if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) pause_accepting();
        return;
    }
    const int fd = connection.get();
    if (!has_room_for(os::peer_identity(fd).uid)) return;
    if (!loop_.add(fd, [this, fd] { hear_registrant(fd); })) return;
    registrants_[fd] = std::move(connection);
}

bool Office::has_room_for(std::uint32_t user) const {
    if (registrants_.size() >= kMaxRegistrants) return false;
    if (user == geteuid() || user == 0) return true;
    std::size_t of_user = 0;
    for (const auto& [fd, connection] : registrants_) {
        if (os::peer_identity(fd).uid == user) ++of_user;
    }
    return of_user < kMaxRegistrantsOfUser;
}

bool Office::has_room_for_slot(std::uint32_t user) const {
    if (user == geteuid() || user == 0) return true;
    return static_cast<std::size_t>(std::ranges::count_if(slots_, [user](const auto& entry) {
               return entry.second->registrant != kOwn && entry.second->user == user;
           })) < kMaxSlotsOfUser;
}

// Out of descriptors: who waits stays in the queue, and would call us for ever.
void Office::pause_accepting() {
    for (const int fd : {listener_.get(), takeover_listener_.get(), role_.listener}) {
        if (fd >= 0) loop_.remove(fd);
    }
    accept_again_ = clock_.now() + kAcceptPause;
}

void Office::resume_accepting() {
    accept_again_.reset();
    for (const int fd : {listener_.get(), takeover_listener_.get(), role_.listener}) {
        if (fd < 0) continue;
        (void)loop_.add(fd, [this, fd] { accept_registrant(os::accept_local(fd)); });
    }
}

// A process that may not write to the slot folder asks us to: detail has its socket, a slash, and
// the name as it wrote it. The socket must be its own user's.
Result<void> Office::enter_name(int fd, const wire::LocalMessage& message, Slot& slot) {
    if (message.detail.empty()) return {};
    const auto slash = message.detail.find('/');
    const std::string socket = message.detail.substr(0, slash);
    const std::string text =
        slash != std::string::npos ? message.detail.substr(slash + 1) : std::string();
    const std::string path = folder_.reader_socket_path(socket);
    if (socket.empty() || socket.front() == '.' || fold(text) != message.key ||
        os::owner_of(path) != os::peer_identity(fd).uid) {
        return Error{Errc::no_permission, "enter slot"};
    }
    const auto entry = folder_.find(message.key);
    const bool is_there = entry && entry->socket_path == path;
    if (!is_there) {
        auto claimed = folder_.claim(SlotName{text, message.key}, path);
        if (!claimed) return claimed;
    }
    slot.entered_for = path;
    return {};
}

void Office::hear_registrant(int fd) {
    auto packet = os::receive_packet(fd, clock_.now());
    if (!packet && packet.error().code == Errc::timed_out) return;
    const auto message =
        packet ? wire::decode_local_message(packet->bytes) : Result<LocalMessage>(packet.error());
    if (!message) return drop_registrant(fd);
    switch (message->op) {
        case LocalOp::register_slot:
            return register_slot(fd, *message, std::move(packet->fds));
        case LocalOp::unregister_slot:
            return remove_slot(message->key, fd);
        case LocalOp::event:
            if (const auto found = slots_.find(message->key);
                found != slots_.end() && found->second->registrant == fd && !packet->fds.empty() &&
                os::shares_events(fd)) {
                found->second->writer->set_event(std::move(packet->fds[0]));
            }
            return;
        case LocalOp::machine:
            return hear_machine(fd, message->machine);
        case LocalOp::claim:
            return hear_claim(fd, wire::Rank{message->number});
        case LocalOp::registered_all:
            awaited_.erase(fd);
            return;
        case LocalOp::senders:
            return tell_senders(fd, *message);
        case LocalOp::counters:
            return tell_counters(fd);
        default:
            return drop_registrant(fd);
    }
}

void Office::drop_registrant(int fd) {
    std::vector<std::string> keys;
    for (const auto& [key, slot] : slots_) {
        if (slot->registrant == fd) keys.push_back(key);
    }
    for (const std::string& key : keys) remove_slot(key, fd);
    loop_.remove(fd);
    awaited_.erase(fd);
    asked_.erase(fd);
    told_.erase(fd);
    deputies_.dismiss(fd);
    registrants_.erase(fd);
}

void Office::register_slot(int fd, const LocalMessage& message, std::vector<os::UniqueFd> fds) {
    const std::string& key = message.key;
    const std::uint32_t number = message.number;
    const auto refuse = [fd, &key](Errc why) {
        (void)os::send_packet(fd, wire::encode({.op = LocalOp::refused, .key = key, .why = why}));
    };
    const auto found = slots_.find(key);
    if (fds.size() < 2 || number == 0 || number >= inbox::kLockWaiters)
        return refuse(Errc::bad_segment);
    // Its process goes on: the books of a lent slot stay.
    const bool was_lent =
        found != slots_.end() && found->second->registrant == kLent &&
        os::memory_number(found->second->writer->memory()) == os::memory_number(fds[0]);
    if (found != slots_.end() && found->second->registrant != fd && !was_lent &&
        !found->second->writer->reader_is_gone()) {
        return refuse(Errc::slot_exists);
    }
    auto segment = inbox::Segment::attach(std::move(fds[0]));
    auto reader = os::LivenessView::attach(fds[1]);
    if (!segment || !reader) return refuse(Errc::bad_segment);
    const std::uint32_t user = os::peer_identity(fd).uid;
    if (found == slots_.end() && !has_room_for_slot(user)) return refuse(Errc::no_resources);
    auto slot = std::make_unique<Slot>();
    slot->user = user;
    if (auto entered = enter_name(fd, message, *slot); !entered) {
        return refuse(entered.error().code);
    }
    if (found != slots_.end() && found->second->registrant != fd && !was_lent) {
        found->second->entered_for.clear();  // the entry is the new one's
        remove_slot(key, found->second->registrant);
    }
    slot->registrant = fd;
    const bool with_event = fds.size() > 2 && os::shares_events(fd);
    slot->writer =
        std::make_unique<inbox::InboxWriter>(std::move(*segment), std::move(*reader), number,
                                             with_event ? std::move(fds[2]) : os::UniqueFd());
    enter_slot(key, std::move(slot));
    LocalMessage answer{.op = LocalOp::registered, .key = key};
    if (network_error_) {
        answer.why = network_error_->code;
        answer.detail = network_error_->detail;
        answer.number = is_of_one_family(*network_error_) ? 1 : 0;
    }
    (void)os::send_packet(fd, wire::encode(answer));
    make_deputy(fd);
}

}  // namespace mailslot::post
