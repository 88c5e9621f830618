#include "post/station.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <future>
#include <new>
#include <thread>

#include "os/network_id.h"
#include "os/thread.h"

namespace mailslot::post {
namespace {

// A user's folder is closed to other users. The whole machine's folder is open to all who may write
// to a slot there.
constexpr unsigned kUserFolderMode = 0700;
constexpr unsigned kSystemFolderMode = 0755;
constexpr auto kDaemonPatience = std::chrono::seconds(5);
constexpr auto kGuestPatience = std::chrono::seconds(1);
constexpr auto kDaemonSeeksAgain = std::chrono::milliseconds(5);
// Each visitor takes a descriptor here; further writers are not let in.
constexpr std::size_t kMaxVisitors = 16384;
// Without memory the station tries again after a pause, in which others may free some.
constexpr auto kMemoryPause = std::chrono::milliseconds(100);

// Removes sockets that dead processes left. Needs the folder's lock, so that a socket that is just
// being made does not look dead.
void sweep(const std::string& folder) {
    for (const std::string& file : os::list_folder(folder)) {
        const std::string path = folder + "/" + file;
        if (os::owner_of(path) != geteuid()) continue;  // a guest has no lock
        const auto connection = os::connect_local(path);
        if (!connection && connection.error().code == Errc::no_such_slot) os::remove_socket(path);
    }
}

}  // namespace

Station::Station(const Settings& settings, const Clock& clock, Random& random, StationRole role)
    : settings_(settings),
      clock_(clock),
      role_(std::move(role)),
      is_guest_(geteuid() != 0 && os::owner_of(settings.dir).value_or(geteuid()) != geteuid()),
      folder_(settings.dir),
      socket_path_(folder_.reader_socket_path(random.u64())),
      network_id_(os::own_network()),
      machine_{random.u64() | 1, network_id_},
      look_around_at_(clock.now() + kLookAround) {}

Result<std::shared_ptr<Station>> Station::start(const Settings& settings, const Clock& clock,
                                                Random& random, StationRole role) {
    std::shared_ptr<Station> station(new Station(settings, clock, random, std::move(role)));
    if (auto able = station->prepare_folder(); !able) return able.error();
    if (auto ready = station->prepare(); !ready) return ready.error();

    if (!os::run_joinable(station->thread_, [self = station.get()] { self->run(); })) {
        return Error{Errc::no_resources, "start thread", errno,
                     "the system has no thread left; raise ulimit -u, ulimit -v or the container's "
                     "limit of processes"};
    }
    pthread_setname_np(station->thread_.native_handle(), "mailslot");
    if (auto found = station->find_place(); !found) return found.error();
    return station;
}

bool Station::may_be_busy(const Error& error) {
    return error.code == Errc::timed_out || error.code == Errc::closed ||
           error.code == Errc::unreachable;
}

Error Station::nobody_serves_guests() const {
    return Error{
        Errc::no_permission, "register", 0,
        settings_.dir + " belongs to another user, and no mailslotd serves all users there"};
}

Error Station::office_is_busy() const {
    return Error{Errc::timed_out, "register", 0,
                 "the post office of " + settings_.dir + " is busy; try again"};
}

Result<void> Station::check_as_guest() const {
    if (auto checked = os::check_folder(settings_.dir); !checked) return checked;
    if (role_.rank == wire::Rank::reader) return {};
    return Error{Errc::no_permission, "use folder", 0, settings_.dir + " belongs to another user"};
}

Result<void> Station::prepare_folder() {
    if (is_guest_) return check_as_guest();
    const bool is_system = settings_.dir == settings_.system_dir && geteuid() == 0;
    const bool is_open = is_system || role_.serves_all_users;
    auto prepared = folder_.prepare(is_open ? kSystemFolderMode : kUserFolderMode);
    if (!prepared || !role_.serves_all_users) return prepared;
    for (const auto& [folder, mode] :
         {std::pair("", kSystemFolderMode), std::pair("/slots", kSystemFolderMode),
          std::pair("/readers", kSystemFolderMode)}) {
        if (!os::set_mode(settings_.dir + folder, mode)) {
            return Error{Errc::no_permission, "open folder", errno, settings_.dir + folder};
        }
    }
    return {};
}

// A reading process can do without a post office. A daemon must be the office, and a guest needs a
// daemon.
Result<void> Station::find_place() {
    // mailslotd may be starting, or be between its end and its next start.
    const auto begun = clock_.now();
    for (;;) {
        Result<void> found;
        bool is_busy = false;
        execute([&] {
            seek_office();
            if (role_.rank != wire::Rank::reader && !office_) found = why_no_office();
            if (is_guest_ && !office_connection_) {
                found = is_office_busy_ ? office_is_busy() : nobody_serves_guests();
            }
            is_busy = is_office_busy_;
        });
        const bool waits_short = is_guest_ && !is_busy;
        const auto until = begun + (waits_short ? kGuestPatience : kDaemonPatience);
        const bool may_change =
            !found && (is_guest_ || (role_.rank != wire::Rank::reader &&
                                     (found.error().code == Errc::no_such_slot ||
                                      found.error().code == Errc::closed ||
                                      found.error().code == Errc::timed_out)));
        if (!may_change || clock_.now() >= until) return found;
        std::this_thread::sleep_for(kDaemonSeeksAgain);  // another process is becoming the office
    }
}

Error Station::why_no_office() const {
    if (const auto failed = network_error()) return *failed;  // has the lock, but cannot use it
    const Error why = no_office_.value_or(Error{Errc::no_such_slot});
    if (why.code != Errc::no_such_slot && why.code != Errc::timed_out) return why;
    return Error{why.code, "take over", why.os_code,
                 "a process that holds " + folder_.office_lock_path() + " does not answer"};
}

Result<void> Station::prepare() {
    auto loop = os::EventLoop::create();
    if (!loop) return loop.error();
    loop_ = std::move(*loop);
    deputy_ = std::make_unique<Deputy>(*loop_);
    auto liveness = os::Liveness::create();
    if (!liveness) return liveness.error();
    liveness_ = std::move(*liveness);
    Result<os::GuardedFd> lock{os::GuardedFd()};
    if (!is_guest_) {
        lock = os::lock_file(settings_.dir + "/lock");
        if (!lock) return lock.error();
        sweep(settings_.dir + "/readers");
    }
    door_ = std::make_unique<Door>(*loop_, clock_, bounds_of_process(kMaxVisitors),
                                   [this](int fd) { hear_visitor(fd); });
    if (is_guest_) return {};  // the office makes a guest's socket
    auto listener = os::listen_local(socket_path_, 0666);
    if (!listener) return listener.error();
    return listen_at(socket_path_, std::move(*listener));
}

Result<void> Station::listen_at(const std::string& path, os::GuardedFd listener) {
    if (listener_) door_->shut(listener_.get());
    listener_ = std::move(listener);
    socket_path_ = path;
    listener_file_ = os::file_at(path);
    return door_->open(listener_.get(), Door::Descriptors::refused);
}

Station::~Station() {
    if (!thread_.joinable()) {
        if (listener_) os::remove_socket(socket_path_);
        return;
    }
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    loop_->wake();
    thread_.join();
    os::remove_socket(socket_path_);
}

void Station::run() {
    liveness_->bind_to_this_thread();
    for (bool goes_on = true; goes_on;) {
        try {
            goes_on = take_turn();
        } catch (const std::bad_alloc&) {
            set_network_error(Error{Errc::no_resources, "post office", ENOMEM});
            std::this_thread::sleep_for(kMemoryPause);
        }
    }
    bequeath_office();
    liveness_->say_dead();
    while (!visitors_.empty()) dismiss_visitor(visitors_.begin()->first);
    door_.reset();
    leave_office();
    if (watch_) loop_->remove(watch_->fd());
}

// Returns false when the station is to end.
bool Station::take_turn() {
    loop_->run_once(next_deadline());
    run_commands();
    const auto now = clock_.now();
    if (office_ && office_->is_replaced()) step_down();
    if (office_ && office_->is_claimed()) hand_office_over();
    if (is_offered_ && office_connection_) take_up_offer();
    if (register_again_ && office_connection_) register_all();
    if (office_) office_->tick();
    if (deputy_->is_alert() && !look_at_) look_at_ = now;
    if (look_at_ && now >= *look_at_) look_after_office();
    if (now >= look_around_at_) look_around();
    if (seek_again_ && now >= *seek_again_) seek_office();
    if (change_at_ && now >= *change_at_) change_to_machines_office();
    if (trim_is_wanted_.exchange(false) && !trim_at_) trim_at_ = now + inbox::kTrimAfter;
    if (trim_at_ && now >= *trim_at_) trim_slots();
    if (room_at_ && now >= *room_at_) look_for_room();
    door_->tick();
    if (office_) set_network_error(office_->network_error());
    std::lock_guard lock(mutex_);
    return !stopping_;
}

std::optional<Clock::Instant> Station::next_deadline() const {
    std::optional<Clock::Instant> next = look_around_at_;
    for (const auto& other : {seek_again_, door_->next_tick(), trim_at_, room_at_, change_at_,
                              look_at_, office_ ? office_->next_tick() : std::nullopt}) {
        if (other && (!next || *other < *next)) next = other;
    }
    return next;
}

// Done by this thread, because the reader may be busy elsewhere, or read only now and then.
void Station::trim_slots() {
    trim_at_.reset();
    for (const auto& [key, inbox] : slots_) {
        if (inbox->trim()) trim_at_ = clock_.now() + inbox::kTrimAfter;
    }
}

// Makes room when asked. Looks again, unasked, as long as there is something to drop.
void Station::make_room(inbox::Inbox& inbox, std::uint64_t wanted_bytes) {
    if (inbox.make_room(wanted_bytes) && !room_at_) {
        room_at_ = clock_.now() + inbox::kLookForRoomEvery;
    }
}

void Station::look_for_room() {
    room_at_.reset();
    for (const auto& [key, inbox] : slots_) make_room(*inbox, 0);
}

void Station::execute(std::function<void()> command) {
    std::promise<void> done;
    {
        std::lock_guard lock(mutex_);
        commands_.push_back([&] {
            try {
                command();
                done.set_value();
            } catch (const std::bad_alloc&) {
                done.set_exception(std::current_exception());  // for the calling thread
            }
        });
    }
    loop_->wake();
    done.get_future().get();
}

void Station::run_commands() {
    std::vector<std::function<void()>> commands;
    {
        std::lock_guard lock(mutex_);
        commands.swap(commands_);
    }
    for (const auto& command : commands) command();
}

Result<void> Station::open_slot(std::shared_ptr<inbox::Inbox> inbox) {
    Result<void> opened;
    execute([&] {
        // Prepares the slot for visitors before they can find it.
        const std::string& key = inbox->name().key;
        if (slots_.contains(key)) {
            opened = Error{Errc::slot_exists, "create slot", 0, inbox->name().text};
            return;
        }
        inbox->on_spare_memory([this] {
            trim_is_wanted_ = true;
            loop_->wake();
        });
        slots_[key] = inbox;
        inbox->set_machine(machine_);
        if (is_guest_) return;  // the office enters a guest's slot
        opened = folder_.claim(inbox->name(), socket_path_);
        // Without a post office the slot works on this machine, and is registered when there is an
        // office.
        if (opened) (void)register_slot(inbox);
        if (!opened) slots_.erase(key);
    });
    if (!opened || !is_guest_) return opened;
    opened = register_as_guest(inbox);
    if (!opened) close_slot(inbox->name());
    return opened;
}

// A guest's slot works only if the machine's office has it, so a busy office is asked again. The
// calling thread waits in between, because the station's thread has visitors of other slots.
Result<void> Station::register_as_guest(const std::shared_ptr<inbox::Inbox>& inbox) {
    const auto until = clock_.now() + kDaemonPatience;
    for (;;) {
        Result<void> registered;
        execute([&] {
            if (!office_connection_) seek_office();
            registered = register_slot(inbox);
        });
        if (registered) return registered;
        const bool is_short = registered.error().code == Errc::no_resources;
        if (!is_short && !may_be_busy(registered.error())) return registered;
        if (clock_.now() >= until) return is_short ? registered : office_is_busy();
        std::this_thread::sleep_for(kDaemonSeeksAgain);
    }
}

void Station::close_slot(const SlotName& name) {
    execute([&] {
        const auto found = slots_.find(name.key);
        if (found == slots_.end()) return;
        if (!is_guest_) folder_.release(name, socket_path_);  // only if the entry is ours
        if (office_) office_->remove_own_slot(name.key);
        if (office_connection_) {
            (void)os::send_packet(
                office_connection_.get(),
                wire::encode({.op = wire::LocalOp::unregister_slot, .key = name.key}));
        }
        std::erase_if(office_numbers_, [&](const auto& entry) { return entry.first == name.key; });
        std::vector<int> leaving;
        for (const auto& [fd, visitor] : visitors_) {
            if (visitor.inbox == found->second) leaving.push_back(fd);
        }
        slots_.erase(found);
        displaced_.erase(name.key);
        set_refused(name.key, std::nullopt);
        for (const int fd : leaving) dismiss_visitor(fd);
    });
}

std::optional<Error> Station::network_error(const std::string& key) const {
    std::lock_guard lock(mutex_);
    const auto refused = refused_.find(key);
    if (refused != refused_.end()) return refused->second;
    return network_error_ ? network_error_ : other_network_;
}

bool Station::is_refused(const std::string& key) const {
    std::lock_guard lock(mutex_);
    const auto found = refused_.find(key);
    return found != refused_.end() && found->second.code == Errc::slot_exists &&
           !displaced_.contains(key);
}

void Station::set_refused(const std::string& key, std::optional<Error> why) {
    std::lock_guard lock(mutex_);
    refused_.erase(key);
    if (why) refused_.emplace(key, std::move(*why));
}

void Station::set_network_error(std::optional<Error> error) {
    std::lock_guard lock(mutex_);
    network_error_ = std::move(error);
}

}  // namespace mailslot::post
