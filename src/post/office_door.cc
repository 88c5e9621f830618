// The office's door to other processes: which may register, and whose slots are entered in the
// folder.

#include <algorithm>
#include <array>
#include <string>
#include <tuple>

#include "inbox/office_pass.h"
#include "model/fold.h"
#include "os/descriptors.h"
#include "os/folder.h"
#include "os/shared_memory.h"
#include "os/user.h"
#include "post/office.h"
#include "post/office_slot.h"
#include "wire/local_message.h"

namespace mailslot::post {
namespace {

using wire::LocalMessage;
using wire::LocalOp;
using namespace std::chrono_literals;

// Bounds, so that no user can use everything up.
// Each slot of another user takes a descriptor and up to three mappings; a process may have 65530
// mappings.
constexpr std::size_t kMostSlotsOfUser = 4096;
constexpr std::size_t kMostSlotsOfStrangers = 16384;
// Headers and block states of a user's slots, and of all other users' slots, take at most these parts
// of a memory limit: docs/memory.md.
constexpr std::uint64_t kSharesOfLimitForLooks = 16, kSharesOfLimitForAllLooks = 4;
// Senders that slots of other users may bring into the books by their notes: of the places for all
// senders, an eighth a user, and three eighths for all such users.
constexpr std::size_t kMostRecalledOfUser = kMaxSenders / 8;
constexpr std::size_t kMostRecalledOfStrangers = kMaxSenders / 8 * 3;
// Memory to map: a process may map 128 TiB, and a slot has at most 1 TiB of messages.
constexpr std::size_t kMostMappedOfUser = std::size_t{8} << 40;
constexpr std::size_t kMostMapped = std::size_t{64} << 40;

}  // namespace

Result<void> Office::listen() {
    auto able = listen_at(folder_.takeover_socket_path(), 0600, takeover_listener_, takeover_file_);
    if (!able) return able;
    if (role_.listener >= 0) {
        able = door_.open(role_.listener, Door::Descriptors::wanted);
        // The file is gone if a process took our place while we stood still, with a socket of its
        // own.
        if (!able || os::file_at(folder_.office_socket_path())) return able;
        return listen_at(folder_.office_socket_path(), role_.serves_all_users ? 0666 : 0600,
                         listener_, listener_file_);
    }
    // A service manager may listen here, and start mailslotd when a process connects. Mailslotd
    // then takes over from us, and processes register there.
    const std::string path = folder_.office_socket_path();
    if (os::is_listened_at(path) && os::connect_local(path)) return {};
    return listen_at(path, role_.serves_all_users ? 0666 : 0600, listener_, listener_file_);
}

Result<void> Office::listen_at(const std::string& path, unsigned mode, os::GuardedFd& listener,
                               std::optional<os::FileId>& file) {
    os::remove_socket(path);  // left by a dead office or our predecessor, because the lock is ours
    auto made = os::listen_local(path, mode);
    if (!made) return made.error();
    os::give_to_folder_owner(path);
    file = os::file_at(path);
    listener = std::move(*made);
    return door_.open(listener.get(), Door::Descriptors::wanted);
}

void Office::stop_listening() {
    if (role_.listener >= 0) door_.shut(role_.listener);
    for (const auto& [listener, file, path] :
         {std::tuple(&listener_, &listener_file_, folder_.office_socket_path()),
          std::tuple(&takeover_listener_, &takeover_file_, folder_.takeover_socket_path())}) {
        if (!*listener) continue;
        door_.shut(listener->get());
        listener->reset();
        if (os::file_at(path) == *file) os::remove_socket(path);  // else another office's
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
    for (const auto& [listener, file, path, mode] :
         {std::tuple(&listener_, &listener_file_, folder_.office_socket_path(),
                     role_.serves_all_users ? 0666u : 0600u),
          std::tuple(&takeover_listener_, &takeover_file_, folder_.takeover_socket_path(),
                     0600u)}) {
        if (!*listener || !door_.is_accepting() || os::file_at(path) == *file) continue;
        door_.shut(listener->get());
        (void)listen_at(path, mode, *listener, *file);  // if that fails, tried again next time
    }
    return true;
}

// Tells processes in other networks that the office is not theirs.
Result<void> Office::mark_lock(const os::GuardedFd& lock) const {
    return folder_.write_office_mark(lock, {network_id_, role_.rank != wire::Rank::reader});
}

bool Office::has_room_for_slot(const std::string& key, std::uint32_t user,
                               const inbox::Geometry& geometry) {
    if (os::is_own_user_or_root(user)) return true;
    // Memory that this process takes when it looks into a slot.
    const auto looked_at = [](const inbox::Geometry& of) {
        return inbox::kHeaderBytes + of.block_count;
    };
    std::size_t slots = 0, slots_in_all = 0, of_user = 0, in_all = 0, looks = looked_at(geometry);
    std::size_t all_looks = looks;
    for (const auto& [other, slot] : slots_) {
        if (slot->registrant == kOwn || other == key) continue;
        const inbox::Geometry& its = slot->writer->geometry();
        in_all += its.segment_bytes();
        if (slot->is_strangers) ++slots_in_all;
        if (slot->is_strangers) all_looks += looked_at(its);
        if (slot->user != user) continue;
        of_user += its.segment_bytes();
        looks += looked_at(its);
        ++slots;
    }
    const std::size_t descriptors = os::most_descriptors(), bytes = geometry.segment_bytes();
    const auto limited = memory_limit_.room();
    return slots < std::min(kMostSlotsOfUser, descriptors / 8) &&
           slots_in_all < std::min(kMostSlotsOfStrangers, descriptors / 8 * 3) &&
           bytes <= kMostMappedOfUser - std::min(of_user, kMostMappedOfUser) &&
           bytes <= kMostMapped - std::min(in_all, kMostMapped) &&
           (!limited || (looks <= limited->limit / kSharesOfLimitForLooks &&
                         all_looks <= limited->limit / kSharesOfLimitForAllLooks));
}

// Notes of other users' slots may be forged, and each costs a place in the books.
bool Office::has_room_for_recalled(const Slot& slot, std::size_t senders) const {
    if (!slot.is_strangers) return true;
    std::size_t of_user = senders, of_strangers = senders;
    for (const auto& [key, other] : slots_) {
        if (other == nullptr || !other->is_strangers) continue;
        of_strangers += other->recalled;
        if (other->user == slot.user) of_user += other->recalled;
    }
    return of_user <= kMostRecalledOfUser && of_strangers <= kMostRecalledOfStrangers;
}

// Enters the slot for a process that may not write to the slot folder. `detail` has the process's
// socket, a slash, and the name as the process wrote it. The socket must be made by us for this
// process.
Result<void> Office::enter_name(int fd, const wire::LocalMessage& message, Slot& slot) {
    if (message.detail.empty()) return {};
    const auto slash = message.detail.find('/');
    const std::string socket = message.detail.substr(0, slash);
    const std::string text =
        slash != std::string::npos ? message.detail.substr(slash + 1) : std::string();
    const std::string path = folder_.reader_socket_path(socket);
    const bool is_its_own = guest_sockets_ && guest_sockets_->is_of(fd, socket);
    if (!is_its_own || fold(text) != message.key) {
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
    const std::uint32_t user = door_.user_of(fd);
    auto packet = door_.hear(fd);
    if (!packet && packet.error().code == Errc::timed_out) return;
    const auto message =
        packet ? wire::decode_local_message(packet->bytes) : Result<LocalMessage>(packet.error());
    if (message) hear(fd, *message, packet->fds);
    if (packet) door_.put_away(user, std::move(packet->fds));
    if (!message) drop_registrant(fd);
}

// Moves the descriptors that are kept out of `fds`.
void Office::hear(int fd, const LocalMessage& message, std::vector<os::UniqueFd>& fds) {
    switch (message.op) {
        case LocalOp::register_slot:
            return register_slot(fd, message, fds);
        case LocalOp::want_socket:
            return give_socket(fd, message);
        case LocalOp::unregister_slot:
            return remove_slot(message.key, fd);
        case LocalOp::event:
            if (const auto found = slots_.find(message.key);
                found != slots_.end() && found->second->registrant == fd && !fds.empty() &&
                os::shares_events(fd)) {
                found->second->writer->set_event(std::move(fds[0]));
            }
            return;
        case LocalOp::machine:
            return hear_machine(fd, message.machine);
        case LocalOp::claim:
            return hear_claim(fd, wire::Rank{message.number});
        case LocalOp::registered_all:
            awaited_.erase(fd);
            return;
        case LocalOp::senders:
            return tell_senders(fd, message);
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
    awaited_.erase(fd);
    asked_.erase(fd);
    told_.erase(fd);
    deputies_.dismiss(fd);
    if (guest_sockets_) guest_sockets_->remove_of(fd);
    door_.dismiss(fd);
}

void Office::give_socket(int fd, const LocalMessage& message) {
    if (!guest_sockets_) return drop_registrant(fd);
    auto made = guest_sockets_->make(fd, door_.user_of(fd), message.detail);
    if (!made) {
        (void)os::send_packet(fd, wire::encode({.op = LocalOp::refused, .why = made.error().code}));
        return;
    }
    const std::array given{made->listener.get()};
    (void)os::send_packet(
        fd, wire::encode({.op = LocalOp::given_socket, .detail = std::move(made->file)}), given);
}

void Office::register_slot(int fd, const LocalMessage& message, std::vector<os::UniqueFd>& fds) {
    const std::string& key = message.key;
    const std::uint32_t number = message.number;
    const auto refuse = [fd, &key](Errc why, std::string detail = {}) {
        (void)os::send_packet(
            fd, wire::encode(
                    {.op = LocalOp::refused, .key = key, .why = why, .detail = std::move(detail)}));
    };
    const auto found = slots_.find(key);
    const std::uint32_t user = door_.user_of(fd);
    const bool is_sound = fds.size() >= 2 && os::is_shared_memory(fds[0]) &&
                          os::is_shared_memory(fds[1]) && number != 0 &&
                          number < inbox::kLockWaiters;
    // The kernel drops descriptors on the way if this process may not have more.
    if (fds.size() < 2) return refuse(Errc::no_resources, "the slot's memory did not arrive");
    if (!is_sound) return refuse(Errc::bad_segment);
    if (owners_ && !owners_->may_have(key, user)) {
        return refuse(Errc::slot_exists,
                      "the slot belonged to another user's process when the post office ended; "
                      "that process may return within 10 s");
    }
    // The process of a lent slot goes on, so the slot's books stay.
    const bool was_lent =
        found != slots_.end() && found->second->registrant == kLent &&
        os::memory_number(found->second->writer->memory()) == os::memory_number(fds[0]);
    if (found != slots_.end() && found->second->registrant != fd && !was_lent &&
        !found->second->writer->reader_is_gone()) {
        return refuse(Errc::slot_exists,
                      found->second->user != user ? "the slot belongs to another user" : "");
    }
    auto segment = inbox::Segment::attach(std::move(fds[0]));
    auto reader = os::LivenessView::attach(fds[1]);
    if (!segment) return refuse(segment.error().code, segment.error().detail);
    if (!reader) return refuse(reader.error().code, "no liveness page");
    auto writer = std::make_unique<inbox::InboxWriter>(std::move(*segment), std::move(*reader),
                                                       number, os::UniqueFd());
    if (auto taken = inbox::take_extras(*writer, fds, os::shares_events(fd)); !taken) {
        return refuse(taken.error().code, "no notes page");
    }
    if (!has_room_for_slot(key, user, writer->geometry())) {
        return refuse(Errc::no_resources);
    }
    auto slot = std::make_unique<Slot>();
    slot->user = user;
    slot->is_strangers = !os::is_own_user_or_root(user);
    if (auto entered = enter_name(fd, message, *slot); !entered) {
        return refuse(entered.error().code);
    }
    if (found != slots_.end() && found->second->registrant != fd && !was_lent) {
        found->second->entered_for.clear();  // the entry belongs to the new slot
        remove_slot(key, found->second->registrant);
    }
    slot->registrant = fd;
    slot->writer = std::move(writer);
    if (slot->is_strangers) slot->writer->share_memory([this, user] { return backed_for(user); });
    enter_slot(key, std::move(slot));
    if (owners_) owners_->note(key, user);
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
