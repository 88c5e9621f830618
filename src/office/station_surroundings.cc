// Finds or restores things that change around the station: the folder, and the system's name for
// this machine.

#include "model/own_host.h"
#include "office/station.h"

namespace mailslot::office {

void Station::look_around() {
    look_around_at_ = clock_.now() + kLookAround;
    follow_host();
    keep_folder();
    keep_office_place();
    keep_watch();
    ask_again_for_names();
    look_for_harm();
}

void Station::look_for_harm() {
    for (auto next = slots_.begin(); next != slots_.end();) {
        const auto [key, inbox] = *next;
        const bool is_new = inbox->options().access != Access::owner && inbox->look_for_harm();
        if (is_new && office_connection_) (void)register_slot(inbox);
        next = slots_.upper_bound(key);
    }
}

// Another user's process had these names. The process may be gone, or may have taken the names
// while the office was away.
void Station::ask_again_for_names() {
    for (auto next = slots_.begin(); next != slots_.end() && office_connection_;) {
        const auto [key, inbox] = *next;
        if (is_refused(key)) (void)register_slot(inbox);
        next = slots_.upper_bound(key);
    }
}

// Makes everything that bears the name anew, as when mailslotd reads its configuration again. No
// datagram is lost.
void Station::follow_host() {
    HostName name = own_name(settings_);
    if (name == HostName{settings_.host, settings_.full_host}) return;
    Settings renamed = settings_;
    renamed.host = std::move(name.host);
    renamed.full_host = std::move(name.full);
    if (office_) {
        (void)reopen(renamed, {});
    } else {
        settings_ = std::move(renamed);
    }
}

// Restores the folder, which somebody may have removed: a logout, a cleaner of /tmp, a person.
void Station::keep_folder() {
    const bool is_there = listener_file_ && os::file_at(socket_path_) == listener_file_;
    if (!is_there && !put_socket_back()) return;  // tried again the next time
    if (is_there && !os::file_at(settings_.dir + "/slots")) (void)prepare_folder();
    if (is_there) return keep_entries();
    for (const auto& [key, inbox] : slots_) {
        if (!is_guest_ && !keep_entry(key, *inbox)) return;
        if (is_guest_ && office_connection_) (void)register_slot(inbox);  // the office enters it
    }
}

bool Station::put_socket_back() {
    if (is_guest_) return office_connection_ && obtain_socket();
    if (!prepare_folder()) return false;
    Result<os::GuardedFd> lock{os::GuardedFd()};
    if (!is_guest_) {
        lock = os::try_lock_file(settings_.dir + "/lock");
        if (!lock || !*lock) return false;
    }
    os::remove_socket(socket_path_);
    auto listener = os::listen_local(socket_path_, 0666);
    return listener && listen_at(socket_path_, std::move(*listener));
}

// Restores single entries, because a cleaner may also take single files.
void Station::keep_entries() {
    if (is_guest_) return;
    auto next = slots_.upper_bound(looked_at_);
    for (int i = 0; i < kEntriesAtOnce && next != slots_.end(); ++i, ++next) {
        looked_at_ = next->first;
        if (!keep_entry(next->first, *next->second)) return;
    }
    if (next == slots_.end()) looked_at_.clear();
}

// Returns false if the folder is not available now, and waiting for the folder took time.
bool Station::keep_entry(const std::string& key, const inbox::Inbox& inbox) {
    const auto entry = folder_.find(key);
    const bool is_ours = entry && entry->socket_path == socket_path_;
    auto entered = is_ours ? Result<void>() : folder_.claim(inbox.name(), socket_path_);
    if (!entered && entered.error().code == Errc::slot_exists) {
        displaced_.insert(key);
        set_refused(
            key,
            Error{Errc::slot_exists, "put back", 0,
                  inbox.name().text +
                      ": another process took this name while the folder of slots was missing"});
    } else if (entered && displaced_.erase(key) > 0) {
        set_refused(key, std::nullopt);
        if (office_connection_) (void)register_slot(slots_.find(key)->second);
    }
    return entered || entered.error().code == Errc::slot_exists;
}

void Station::keep_office_place() {
    if (!office_ || office_->keep_place()) return;
    // Another process found no folder, made a new folder, and is the office there.
    office_->drain();
    close_office();
    seek_again_ = clock_.now();
}

// The folder of mailslotd may be made anew, or come only after us.
void Station::keep_watch() {
    const auto now = os::file_at(settings_.system_dir);
    if (!now || now == watched_) return;
    if (watch_) loop_->remove(watch_->fd());
    watch_.reset();
    watch_for_machines_office();
    if (watch_) change_at_ = clock_.now();
}

}  // namespace mailslot::office
