#include "office/succession.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/crash_point.h"
#include "os/local_socket.h"

namespace mailslot::office {
namespace {

using wire::LocalMessage;
using wire::LocalOp;
using namespace std::chrono_literals;

constexpr auto kGrace = 50ms;
constexpr auto kRestartGrace =
    1s;  // after the daemon was away: processes seek it every 5 ms, or later on a busy machine

constexpr auto kOfferPatience = 100ms;
constexpr int kMostOffers = 8;

// By then the others have registered, and an office that came back just when it was replaced has
// looked at its lock, as it does every 250 ms.
constexpr auto kBeforeReceiving = 300ms;
constexpr auto kReplaceAgain = 100ms;

Error nobody_serves_guests(const std::string& dir) {
    return Error{Errc::no_permission, "register", 0,
                 dir + " belongs to another user, and no mailslotd serves all users there"};
}

Error why_no_office(const std::optional<Error>& tried, const std::string& lock_path) {
    const Error why = tried.value_or(Error{Errc::no_such_slot});
    if (why.code != Errc::no_such_slot && why.code != Errc::timed_out) return why;
    return Error{why.code, "take over", why.os_code,
                 "a process that holds " + lock_path + " does not answer", Reason::no_takeover};
}

}  // namespace

Error office_is_busy(const std::string& dir) {
    return Error{Errc::timed_out, "register", 0,
                 "the post office of " + dir + " is busy; try again"};
}

Succession::Succession(Premises& at, SlotDesk& desk, ReaderPlace& place, SlotErrors& errors,
                       const OfficeRole& role, Estate kept)
    : at_(at),
      desk_(desk),
      place_(place),
      errors_(errors),
      kept_(std::move(kept)),
      own_(at, desk, errors, role),
      client_(at, desk, place, errors, *this),
      search_(at, client_),
      former_(at, desk),
      watch_(at, [this] {
          if (!client_.is_connected()) search_.forget_tries();
          if (search_.next()) search_.try_now();
      }) {}

// --- Finding an office
// ---------------------------------------------------------------------------------

Result<void> Succession::find() {
    seek();
    if (at_.is_guest && !client_.is_connected()) {
        return is_busy() ? office_is_busy(at_.settings.dir)
                         : nobody_serves_guests(at_.settings.dir);
    }
    if (!at_.is_daemon() || own_) return {};
    if (const auto failed = errors_.of({})) return *failed;  // has the lock, but cannot use it
    return why_no_office(no_office_, at_.folder.office_lock_path());
}

void Succession::seek() {
    search_.stop();
    if (own_ || client_.is_connected()) return;
    client_.office().note_busy(false);
    if (!at_.is_guest) at_.folder = at_.folder.of_network(at_.network, at_.is_daemon());
    const FoundOffice& office = client_.office();
    if (!at_.is_guest && office.is_in(at_.folder) && office.is_mute(at_.clock.now())) {
        return replace();
    }
    const bool found =
        at_.is_daemon() ? become() || claim().has_value() : search_.join() || become();
    if (!found) return search_.try_later();
    if (own_) search_.forget_tries();
    if (at_.is_guest) watch_.begin();
    if (at_.is_guest && client_.is_connected() && !client_.obtain_socket()) return;
    register_slots();
}

bool Succession::become() {
    if (at_.is_guest || search_.expects_machines()) return false;
    auto lock = os::try_lock_file(at_.folder.office_lock_path());
    if (!lock) errors_.set_network(lock.error());
    if (!lock || !*lock) return false;
    at_.folder.sweep_offices();
    Estate estate = std::exchange(kept_, {});
    estate.lock = std::move(*lock);
    // Processes that were registered with a dead office come within moments.
    const auto grace = estate.sockets.empty() ? (search_.has_lost() ? kGrace : 0ms) : kRestartGrace;
    return open(std::move(estate), at_.clock.now() + grace).has_value();
}

// For a daemon: claims the office from the process that has it now.
Result<void> Succession::claim() {
    const auto claim_at = [this](const std::string& socket) -> Result<void> {
        auto connection = os::connect_local(socket);
        if (!connection) return connection.error();
        const LocalMessage message{.op = LocalOp::claim,
                                   .number = static_cast<std::uint32_t>(at_.rank)};
        auto sent = os::send_packet(connection->get(), wire::encode(message));
        if (!sent) return sent;
        auto estate = receive_estate(connection->get(), [](const LocalMessage&) {});
        if (!estate) return estate.error();
        estate->registrants.push_back(std::move(*connection));
        return open(std::move(*estate), at_.clock.now() + kHandoverPatience);
    };
    auto claimed = claim_at(at_.folder.takeover_socket_path());
    if (!claimed && claimed.error().code == Errc::timed_out &&
        client_.office().note_mute_at(at_.folder, at_.clock.now())) {
        place_.tell_readers();
    }
    kept_ = {};  // out of date, because another office has gone on meanwhile
    no_office_ = claimed ? std::nullopt : std::optional(claimed.error());
    return claimed;
}

Result<void> Succession::open(Estate estate, Clock::Instant receive_by) {
    if (auto opened = own_.open(std::move(estate), receive_by); !opened) return opened;
    search_.note_own_office();
    watch_.begin();
    return {};
}

void Succession::office_left(bool answered) {
    search_.note_loss();
    if (!answered) return search_.try_later();  // the next office may not understand us either
    search_.forget_tries();
    search_.try_now();
}

// Moves to the machine's office. Datagrams that we have not read when we register there are lost
// and counted, because that office does not take another user's sockets.
void Succession::change_to_machines_office() {
    if (!own_) return;
    if (!search_.join_machines()) return watch_.try_again();
    own_->drain();
    close_own();  // processes registered with us find that office, too
    register_slots();
}

// --- Slots
// ---------------------------------------------------------------------------------------------

void Succession::register_slot(const SlotDesk::Slot& slot) {
    if (own_) {
        own_.add(slot);
    } else {
        (void)client_.add(slot);
    }
}

// Stops if the office goes away meanwhile: the search goes on.
void Succession::register_slots() {
    for (const auto& [key, slot] : desk_.slots()) {
        register_slot(slot);
        if (!own_ && !client_.is_connected()) return;
    }
}

Result<void> Succession::add(const SlotDesk::Slot& slot) {
    if (!at_.is_guest) {
        register_slot(slot);
        return {};
    }
    if (!client_.is_connected()) seek();
    return client_.add(slot);
}

void Succession::remove(const SlotName& name) {
    if (own_) own_->remove_own_slot(name.key);
    client_.remove(name);
}

// --- In turn
// -------------------------------------------------------------------------------------------

void Succession::tick(bool is_ending) {
    const auto is_due = [this](const std::optional<Clock::Instant>& at) {
        return at && at_.clock.now() >= *at;
    };
    if (own_ && own_->is_replaced()) step_down();
    if (own_ && own_->heirs().has_claimant()) hand_over();
    if (client_.take_offer() && client_.is_connected() && !is_ending) take_up_offer();
    if (client_.take_call_to_register() && client_.is_connected()) client_.register_again();
    if (own_) own_->tick();
    if (client_.deputy().finds_office_mute(at_.clock.now())) replace();
    if (is_due(search_.next())) seek();
    if (watch_.is_due()) change_to_machines_office();
    if (own_) errors_.set_network(own_->network_error());
}

std::optional<Clock::Instant> Succession::next_tick() const {
    std::optional<Clock::Instant> next = search_.next();
    for (const auto& other : {client_.deputy().next_look(), watch_.next_try(),
                              own_ ? own_->next_tick() : std::nullopt}) {
        if (other && (!next || *other < *next)) next = other;
    }
    return next;
}

void Succession::keep() {
    if (own_ && !own_->place().keep()) {
        // Another process found no folder, made a new folder, and is the office there.
        own_->drain();
        close_own();
        search_.try_now();
    }
    watch_.keep();
}

void Succession::end() {
    client_.leave();
    close_own();
    watch_.end();
}

// --- Handing over: docs/office.md
// ----------------------------------------------------------------------

// Takes over from the office that we are registered with, because it ends.
void Succession::take_up_offer() {
    // The sockets may be in another network.
    if (!may_be_one(desk_.machine().network, at_.network)) return;
    auto estate = client_.claim();
    if (!estate) return;
    search_.forget_tries();
    if (!open(std::move(*estate), at_.clock.now() + kHandoverPatience)) {
        return search_.try_in(kOfferPatience);
    }
    MAILSLOT_CRASH_POINT(office_opened);
    register_slots();
}

void Succession::hand_over() {
    os::GuardedFd successor = own_->heirs().take_claimant();
    Estate estate = own_->take_apart();
    close_own();
    if (!send_estate(successor.get(), estate)) {
        // The handover failed before it took effect: this process stays the office.
        successor.reset();
        if (!open(std::move(estate), at_.clock.now() + kHandoverPatience)) search_.try_now();
        return register_slots();
    }
    if (at_loss_) at_loss_();
    // From here on we are registered with the successor like any process, and it will ask for our
    // slots.
    client_.follow(std::move(successor));
}

void Succession::bequeath() {
    for (int i = 0; i < kMostOffers && own_ && own_->heirs().offer(); ++i) {
        const auto until = at_.clock.now() + kOfferPatience;
        const auto is_open = [this] {
            const Heirs& heirs = own_->heirs();
            return heirs.is_offered() && !heirs.has_claimant();
        };
        while (is_open() && at_.clock.now() < until) {
            at_.loop.run_once(until);
            own_->tick();
        }
        if (own_->heirs().has_claimant()) hand_over();
    }
    if (!at_end_) return;
    Estate left;
    if (own_) left = own_->take_apart();
    close_own();
    at_end_(left);
}

Result<void> Succession::reopen(const Settings& settings, const Look& look) {
    if (!own_) return {};
    const std::string dir = at_.settings.dir, system_dir = at_.settings.system_dir;
    const auto waits_until = own_->receive_by().value_or(at_.clock.now());
    own_->drain();  // empties sockets of a port that we may leave
    Estate estate = own_->take_apart();
    close_own();
    at_.settings = settings;
    at_.settings.dir = dir;
    at_.settings.system_dir = system_dir;
    if (look) look(estate);
    const auto patience = estate.registrants.empty() ? 0ms : kHandoverPatience;
    auto reopened = open(std::move(estate), std::max(waits_until, at_.clock.now() + patience));
    if (!reopened) search_.try_now();
    register_slots();
    return reopened;
}

// --- An office that does not answer: docs/office.md
// ----------------------------------------------------

// Takes the folder's lock, so that only one process replaces an office, and never an office that
// has just begun.
void Succession::replace() {
    search_.try_in(kReplaceAgain);  // in case something is in the way
    const auto turn = os::try_lock_file(at_.settings.dir + "/lock");
    if (!turn || !*turn) return;
    if (client_.office().has_moved()) {
        client_.office().note_answer();
        return follow_new_office();
    }
    auto lock = os::replace_lock_file(at_.folder.office_lock_path());
    if (!lock) return errors_.set_network(lock.error());
    client_.office().note_answer();
    Estate estate{.lock = std::move(*lock), .sockets = client_.deputy().take_sockets()};
    auto lent = client_.deputy().take_slots();
    search_.forget_tries();
    former_.add(client_.retire());
    os::remove_socket(at_.folder.office_socket_path());  // bound, but nobody answers there
    if (!open(std::move(estate), at_.clock.now() + kBeforeReceiving)) return;
    search_.stop();
    for (auto& [key, writer] : lent) own_->add_lent_slot(key, std::move(writer));
    register_slots();
    place_.tell_readers();
}

void Succession::follow_new_office() {
    if (!client_.is_connected()) return;
    if (!client_.office().has_moved()) return client_.deputy().hear_complaint();
    former_.add(client_.retire());
    search_.forget_tries();
    search_.try_now();
}

// As the office that stood still, when another process has taken its place.
void Succession::step_down() {
    // Without deputies, the new office has its own sockets, and no access to our slots.
    if (!own_->has_deputies()) own_->drain_into_own_slots();
    close_own();
    search_.forget_tries();
    seek();
}

}  // namespace mailslot::office
