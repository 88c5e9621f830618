#include "office/station.h"

#include <algorithm>
#include <exception>
#include <future>
#include <new>
#include <utility>

#include "model/own_host.h"
#include "os/failure.h"
#include "os/network_id.h"
#include "os/thread.h"
#include "os/user.h"

namespace mailslot::office {
namespace {

constexpr auto kDaemonPatience = std::chrono::seconds(5);
constexpr auto kGuestPatience = std::chrono::seconds(1);
constexpr auto kSeekAgain = std::chrono::milliseconds(5);
// Without memory the station tries again after a pause, in which others may free some.
constexpr auto kMemoryPause = std::chrono::milliseconds(100);

bool is_anothers_folder(const std::string& dir) {
    return !os::is_root() && os::owner_of(dir).value_or(os::this_user()) != os::this_user();
}

// Returns true for an error that ends when the present office ends or answers.
bool may_pass(const Error& error) {
    return error.code == Errc::no_such_slot || error.code == Errc::closed ||
           error.code == Errc::timed_out;
}

}  // namespace

Station::Station(const Settings& settings, const Clock& clock, Random& random, StationRole role,
                 std::unique_ptr<os::EventLoop> loop, std::unique_ptr<os::Liveness> liveness)
    : loop_(std::move(loop)),
      listener_(std::move(role.listener)),
      at_{.settings = settings,
          .clock = clock,
          .loop = *loop_,
          .rank = role.rank,
          .is_guest = is_anothers_folder(settings.dir),
          .folder = local::SlotFolder(settings.dir),
          .network = os::own_network()},
      desk_(at_, std::move(liveness), random.u64() | 1),
      place_(at_, desk_, errors_, role.serves_all_users,
             at_.folder.reader_socket_path(random.u64())),
      succession_(at_, desk_, place_, errors_, {role.rank, role.serves_all_users, listener_.get()},
                  std::move(role.kept)),
      look_around_at_(clock.now() + kLookAround) {}

Result<std::shared_ptr<Station>> Station::start(const Settings& settings, const Clock& clock,
                                                Random& random, StationRole role) {
    auto loop = os::EventLoop::create();
    if (!loop) return loop.error();
    auto liveness = os::Liveness::create();
    if (!liveness) return liveness.error();
    std::shared_ptr<Station> station(new Station(settings, clock, random, std::move(role),
                                                 std::move(*loop), std::move(*liveness)));
    if (auto opened = station->place_.open(); !opened) return opened.error();

    if (!os::run_joinable(station->thread_, [self = station.get()] { self->run(); })) {
        return Error{Errc::no_resources, "start thread", os::last_code(),
                     "the system has no thread left; raise ulimit -u, ulimit -v or the container's "
                     "limit of processes"};
    }
    os::name_thread(station->thread_, "mailslot");
    if (auto found = station->find_office(); !found) return found.error();
    return station;
}

// A daemon must be the office, and a guest needs a daemon: mailslotd may be starting, or be between
// its end and its next start.
Result<void> Station::find_office() {
    const auto begun = at_.clock.now();
    for (;;) {
        Result<void> found;
        bool is_busy = false;
        execute([&] {
            found = succession_.find();
            is_busy = succession_.is_busy();
        });
        const auto patience = at_.is_guest && !is_busy ? kGuestPatience : kDaemonPatience;
        const bool may_change = !found && (at_.is_guest || may_pass(found.error()));
        if (!may_change || at_.clock.now() >= begun + patience) return found;
        std::this_thread::sleep_for(kSeekAgain);  // another process is becoming the office
    }
}

Station::~Station() {
    if (thread_.joinable()) {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        loop_->wake();
        thread_.join();
    }
    place_.remove_socket();
}

// --- The thread
// ----------------------------------------------------------------------------------------

void Station::run() {
    desk_.bind_to_this_thread();
    for (bool goes_on = true; goes_on;) {
        try {
            goes_on = take_turn();
        } catch (const std::bad_alloc&) {
            errors_.set_network(
                Error{Errc::no_resources, "post office", os::code_of(os::Failure::no_memory)});
            std::this_thread::sleep_for(kMemoryPause);
        }
    }
    succession_.bequeath();
    desk_.close();
    succession_.end();
}

// Returns false when the station is to end.
bool Station::take_turn() {
    loop_->run_once(next_deadline());
    run_commands();
    if (desk_.take_word_of_office()) succession_.follow_new_office();
    succession_.tick(is_stopping());
    if (at_.clock.now() >= look_around_at_) look_around();
    desk_.tick();
    return !is_stopping();
}

bool Station::is_stopping() const {
    const std::lock_guard lock(mutex_);
    return stopping_;
}

std::optional<Clock::Instant> Station::next_deadline() const {
    Clock::Instant next = look_around_at_;
    for (const auto& other : {succession_.next_tick(), desk_.next_tick()}) {
        if (other) next = std::min(next, *other);
    }
    return next;
}

void Station::execute(std::function<void()> command) {
    std::promise<void> done;
    {
        const std::lock_guard lock(mutex_);
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
        const std::lock_guard lock(mutex_);
        commands.swap(commands_);
    }
    for (const auto& command : commands) command();
}

// --- Commands of other threads
// -------------------------------------------------------------------------

Result<void> Station::open_slot(const SlotDesk::Slot& slot) {
    Result<void> opened;
    execute([&] {
        // Prepares the slot for visitors before they can find it.
        const SlotName& name = slot->name();
        if (!desk_.add(slot)) {
            opened = Error{Errc::slot_exists, "create slot", 0, name.text};
            return;
        }
        // A guest's slot is entered by the office.
        if (!at_.is_guest) opened = place_.enter(name);
        if (opened) opened = succession_.add(slot);
        if (!opened) desk_.remove(name.key);
    });
    return opened;
}

void Station::close_slot(const SlotName& name) {
    execute([&] {
        if (desk_.find(name.key) == nullptr) return;
        place_.withdraw(name);
        succession_.remove(name);
        desk_.remove(name.key);
        errors_.accept(name.key);
    });
}

Result<void> Station::reopen_office(const Settings& settings, const Look& look) {
    Result<void> reopened;
    execute([&] { reopened = succession_.reopen(settings, look); });
    return reopened;
}

OfficeStatus Station::office_status() {
    OfficeStatus status;
    execute([&] { status = succession_.status(); });
    return status;
}

void Station::at_end(Look look) {
    execute([&] { succession_.at_end(std::move(look)); });
}

void Station::at_loss(std::function<void()> tell) {
    execute([&] { succession_.at_loss(std::move(tell)); });
}

// --- Things that change around the station: the folder, and the system's name for this machine
// --------------------------------------------------------------------------------------------

void Station::look_around() {
    look_around_at_ = at_.clock.now() + kLookAround;
    follow_host();
    keep_place();
    succession_.keep();
    ask_again_for_names();
    for (const SlotDesk::Slot& slot : desk_.look_for_harm()) {
        if (succession_.is_registered_elsewhere()) succession_.register_slot(slot);
    }
}

// Makes everything that bears the name anew, as when mailslotd reads its configuration again. No
// datagram is lost.
void Station::follow_host() {
    HostName name = own_name(at_.settings);
    if (name == HostName{at_.settings.host, at_.settings.full_host}) return;
    Settings renamed = at_.settings;
    renamed.host = std::move(name.host);
    renamed.full_host = std::move(name.full);
    (void)succession_.reopen(renamed, {});
    at_.settings = std::move(renamed);
}

void Station::keep_place() {
    std::vector<SlotDesk::Slot> returned;
    if (!at_.is_guest) {
        returned = place_.keep();
    } else if (!place_.has_socket() && succession_.obtain_socket()) {
        for (const auto& [key, slot] : desk_.slots()) returned.push_back(slot);
    }
    for (const SlotDesk::Slot& slot : returned) {
        if (succession_.is_registered_elsewhere()) succession_.register_slot(slot);
    }
}

// Another user's process had these names. The process may be gone, or may have taken the names
// while the office was away.
void Station::ask_again_for_names() {
    for (const auto& [key, slot] : desk_.slots()) {
        if (!succession_.is_registered_elsewhere()) return;
        if (errors_.is_taken(key) && !place_.is_displaced(key)) succession_.register_slot(slot);
    }
}

}  // namespace mailslot::office
