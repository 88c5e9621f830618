#include "office/reader_place.h"

#include <utility>

#include "os/failure.h"
#include "os/local_socket.h"
#include "os/user.h"

namespace mailslot::office {
namespace {

// A user's folder is closed to other users. The whole machine's folder is open to all who may write
// to a slot there.
constexpr unsigned kUserFolderMode = 0700;
constexpr unsigned kSystemFolderMode = 0755;
constexpr unsigned kSocketMode = 0666;
// Entries of slots that are checked each time.
constexpr std::size_t kEntriesAtOnce = 64;

// Removes sockets that dead processes left. Needs the folder's lock, so that a socket that is just
// being made does not look dead.
void sweep(const std::string& folder) {
    for (const std::string& file : os::list_folder(folder)) {
        const std::string path = folder + "/" + file;
        if (os::owner_of(path) != os::this_user()) continue;  // a guest has no lock
        const auto connection = os::connect_local(path);
        if (!connection && connection.error().code == Errc::no_such_slot) os::remove_socket(path);
    }
}

}  // namespace

Result<void> ReaderPlace::open() {
    if (auto able = prepare_folder(); !able) return able;
    if (at_.is_guest) return {};
    auto lock = os::lock_file(at_.settings.dir + "/lock");
    if (!lock) return lock.error();
    sweep(at_.settings.dir + "/readers");
    auto listener = os::listen_local(socket_path_, kSocketMode);
    if (!listener) return listener.error();
    return listen_at(socket_path_, std::move(*listener));
}

Result<void> ReaderPlace::check_as_guest() const {
    if (auto checked = os::check_folder(at_.settings.dir); !checked) return checked;
    if (!at_.is_daemon()) return {};
    return Error{Errc::no_permission, "use folder", 0,
                 at_.settings.dir + " belongs to another user"};
}

Result<void> ReaderPlace::prepare_folder() const {
    if (at_.is_guest) return check_as_guest();
    const std::string& dir = at_.settings.dir;
    const bool is_system = dir == at_.settings.system_dir && os::is_root();
    const bool is_open = is_system || serves_all_users_;
    auto prepared = at_.folder.prepare(is_open ? kSystemFolderMode : kUserFolderMode);
    if (!prepared || !serves_all_users_) return prepared;
    for (const char* const folder : {"", "/slots", "/readers"}) {
        if (!os::set_mode(dir + folder, kSystemFolderMode)) {
            return Error{Errc::no_permission, "open folder", os::last_code(), dir + folder};
        }
    }
    return {};
}

Result<void> ReaderPlace::listen_at(const std::string& path, os::GuardedFd listener) {
    if (listener_) desk_.door().shut(listener_.get());
    listener_ = std::move(listener);
    socket_path_ = path;
    listener_file_ = os::file_at(path);
    return desk_.door().open(listener_.get(), Door::Descriptors::refused);
}

void ReaderPlace::remove_socket() const {
    if (listener_) os::remove_socket(socket_path_);
}

std::string ReaderPlace::socket_file() const {
    return listener_ ? socket_path_.substr(socket_path_.rfind('/') + 1) : std::string();
}

bool ReaderPlace::has_socket() const {
    return listener_file_ && os::file_at(socket_path_) == listener_file_;
}

void ReaderPlace::withdraw(const SlotName& name) {
    if (!at_.is_guest) at_.folder.release(name, socket_path_);  // only if the entry is ours
    displaced_.erase(name.key);
}

std::vector<SlotDesk::Slot> ReaderPlace::keep() {
    if (has_socket()) {
        if (!os::file_at(at_.settings.dir + "/slots")) (void)prepare_folder();
        return keep_entries(kEntriesAtOnce);
    }
    if (!put_socket_back()) return {};  // tried again the next time
    looked_at_.clear();
    return keep_entries(desk_.slots().size());
}

bool ReaderPlace::put_socket_back() {
    if (!prepare_folder()) return false;
    const auto lock = os::try_lock_file(at_.settings.dir + "/lock");
    if (!lock || !*lock) return false;
    os::remove_socket(socket_path_);
    auto listener = os::listen_local(socket_path_, kSocketMode);
    return listener && listen_at(socket_path_, std::move(*listener));
}

// Restores single entries, because a cleaner may also take single files.
std::vector<SlotDesk::Slot> ReaderPlace::keep_entries(std::size_t at_most) {
    std::vector<SlotDesk::Slot> returned;
    const SlotDesk::Slots& slots = desk_.slots();
    auto next = slots.upper_bound(looked_at_);
    for (; at_most > 0 && next != slots.end(); --at_most, ++next) {
        looked_at_ = next->first;
        if (!keep_entry(next->second, returned)) return returned;
    }
    if (next == slots.end()) looked_at_.clear();
    return returned;
}

// Returns false if the folder is not available now, and waiting for the folder took time.
bool ReaderPlace::keep_entry(const SlotDesk::Slot& slot, std::vector<SlotDesk::Slot>& returned) {
    const SlotName& name = slot->name();
    const auto entry = at_.folder.find(name.key);
    const bool is_ours = entry && entry->socket_path == socket_path_;
    const auto entered = is_ours ? Result<void>() : enter(name);
    if (!entered && entered.error().code == Errc::slot_exists) {
        displaced_.insert(name.key);
        errors_.refuse(
            name.key,
            Error{Errc::slot_exists, "put back", 0,
                  name.text +
                      ": another process took this name while the folder of slots was missing"});
    } else if (entered && displaced_.erase(name.key) > 0) {
        errors_.accept(name.key);
        returned.push_back(slot);
    }
    return entered || entered.error().code == Errc::slot_exists;
}

// Waits for none: the queue of a stopped process takes the packet, or is full.
void ReaderPlace::tell_readers() const {
    const auto message = wire::encode({.op = wire::LocalOp::register_again});
    for (const std::string& file : os::list_folder(at_.settings.dir + "/readers")) {
        const std::string path = at_.folder.reader_socket_path(file);
        if (path == socket_path_) continue;
        const auto connection = os::connect_local(path);
        if (connection) (void)os::send_packet(connection->get(), message);
    }
}

}  // namespace mailslot::office
