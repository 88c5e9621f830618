// The station and the machine's post office: being the office, finding it, taking over.

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "inbox/office_pass.h"
#include "os/user.h"
#include "post/station.h"

namespace mailslot::post {
namespace {

using wire::LocalMessage;
using wire::LocalOp;
using namespace std::chrono_literals;

// When the office dies all others try at once. Some process is the office within moments, so look
// again soon.
constexpr auto kSeekAgain = 5ms;
constexpr int kQuickTries = 200;
constexpr int kChangeTries = 50;
constexpr auto kSeekSlowly = 500ms;  // something lasting is in the way
constexpr auto kAnswerPatience = 500ms;
// A guest asks again and again, and its visitors wait for less than half a second.
constexpr auto kGuestsAnswerPatience = 200ms;
constexpr const char* kRefusal = "register";
constexpr auto kGrace = 50ms;
// The whole machine's daemon may be restarting, with everything that was sent meanwhile.
constexpr auto kDaemonComesBack = 150ms;
constexpr auto kRestartGrace =
    1s;  // after the daemon was away: processes seek it every 5 ms, or later on a busy machine

std::unique_ptr<inbox::InboxWriter> open_own(inbox::Inbox& inbox, const os::Liveness& liveness) {
    auto pass = inbox.admit_office();
    if (!pass) return nullptr;
    auto segment = inbox::Segment::attach(std::move(pass->segment));
    auto reader = os::LivenessView::attach(liveness.fd());
    if (!segment || !reader) return nullptr;
    auto writer = std::make_unique<inbox::InboxWriter>(std::move(*segment), std::move(*reader),
                                                       pass->number, std::move(pass->event));
    if (pass->notes) {
        auto notes = inbox::NotesPage::attach(pass->notes);
        if (!notes) return nullptr;
        writer->keep_notes_in(std::move(*notes));
    }
    return writer;
}

}  // namespace

void Station::seek_office() {
    seek_again_.reset();
    if (office_ || office_connection_) return;
    is_office_busy_ = false;
    if (!is_guest_) {
        folder_ = folder_.of_network(network_id_, role_.rank != wire::Rank::reader);
    }
    if (is_office_mute()) return replace_office();
    const bool found = role_.rank == wire::Rank::reader
                           ? join_office() || become_office()
                           : become_office() || claim_office().has_value();
    if (!found) return seek_later();
    if (office_) seek_tries_ = 0;
    if (is_guest_) watch_for_machines_office();
    if (is_guest_ && office_connection_ && !obtain_socket()) return;
    for (const auto& [key, inbox] : slots_) {
        (void)register_slot(inbox);
        if (!office_ && !office_connection_) return;  // the office went away: the search goes on
    }
}

void Station::seek_later() {
    seek_again_ = clock_.now() + (++seek_tries_ < kQuickTries ? kSeekAgain : kSeekSlowly);
}

bool Station::become_office() {
    if (is_guest_ || away_until_) return false;
    auto lock = os::try_lock_file(folder_.office_lock_path());
    if (!lock) set_network_error(lock.error());
    if (!lock || !*lock) return false;
    folder_.sweep_offices();
    Estate estate = std::move(role_.kept);
    role_.kept = {};
    estate.lock = std::move(*lock);
    // Processes that were registered with a dead office come within moments.
    const auto grace = estate.sockets.empty() ? (office_died_ ? kGrace : 0ms) : kRestartGrace;
    return open_office(std::move(estate), clock_.now() + grace).has_value();
}

bool Station::has_machines_office() const {
    return role_.rank == wire::Rank::reader && settings_.system_dir != settings_.dir;
}

// Joins the whole machine's office if there is any, otherwise this user's.
bool Station::join_office() {
    if (has_machines_office() && join_office(settings_.system_dir)) {
        is_machines_ = true;
        away_until_.reset();
        return true;
    }
    if (away_until_ && clock_.now() < *away_until_) return false;
    is_machines_ = false;
    away_until_.reset();
    return join_office(settings_.dir);
}

// The office gets our slots, so it must be this user's, root's, or belong to the user to whom root
// gave the folder.
bool Station::join_office(const std::string& dir) {
    const auto offices = local::SlotFolder(dir).offices_for(network_id_);
    return std::ranges::any_of(
        offices, [&](const local::SlotFolder& office) { return join_office(office, dir); });
}

bool Station::join_office(const local::SlotFolder& office, const std::string& dir) {
    auto connection = os::connect_local(office.office_socket_path());
    if (!connection) {
        if (connection.error().os_code == EAGAIN) is_office_busy_ = true;  // its queue is full
        return false;
    }
    const std::uint32_t user = os::peer_identity(connection->get()).uid;
    const bool is_trusted = os::is_own_user_or_root(user) ||
                            (os::owner_of(dir) == user && os::check_folder(dir).has_value());
    if (!is_trusted) return false;
    office_connection_ = std::move(*connection);
    office_place_ = office;
    office_lock_id_ = os::file_at(office.office_lock_path());
    if (loop_->add(office_connection_.get(), [this] { hear_office(); })) {
        tell_machine();
        return true;
    }
    office_connection_.reset();
    return false;
}

// mailslotd may be started for the whole machine while this process is the office of a single user,
// or is a guest and registered with nobody.
void Station::watch_for_machines_office() {
    if (watch_ || !(has_machines_office() || is_guest_)) return;
    auto watch = os::FolderWatch::open(settings_.system_dir);
    if (!watch) return;  // mailslotd is not installed here
    watch_ = std::move(*watch);
    watched_ = os::file_at(settings_.system_dir);
    (void)loop_->add(watch_->fd(), [this] {
        watch_->clear();
        if (!office_connection_) seek_tries_ = 0;
        if (seek_again_) seek_again_ = clock_.now();
        change_at_ = clock_.now();
        change_tries_ = kChangeTries;  // the file is there before mailslotd listens
    });
}

void Station::close_office() {
    metrics_.reset();
    if (office_) {
        for (auto& lent : office_->take_lent_numbers()) office_numbers_.push_back(std::move(lent));
    }
    office_.reset();
}

// Moves to the machine's office. Datagrams that we have not read when we register there are lost
// and counted, because that office does not take another user's sockets.
void Station::change_to_machines_office() {
    change_at_.reset();
    if (!office_) return;
    if (!join_office(settings_.system_dir)) {
        if (--change_tries_ > 0) change_at_ = clock_.now() + kSeekAgain;
        return;
    }
    is_machines_ = true;
    office_->drain();
    close_office();  // processes registered with us find that office, too
    for (const auto& [key, inbox] : slots_) {
        (void)register_slot(inbox);
        if (!office_connection_) return;
    }
}

// Leaves an office that died, or because this process ends. Gives back the office's numbers in our
// slots.
void Station::leave_office() {
    if (office_connection_) {
        loop_->remove(office_connection_.get());
        deputy_->resign();
        office_connection_.reset();
        bury_office_writers();
        room_at_ = clock_.now();  // the office may have been about to ask for room
        register_again_ = is_offered_ = false;
        office_died_ = true;
        if (is_machines_) away_until_ = clock_.now() + kDaemonComesBack;
        if (is_known_there_) {
            seek_again_ = clock_.now();
        } else {
            seek_later();  // the next office may not understand us either
        }
        is_known_there_ = false;
    }
    close_office();
}

void Station::hear_office() {
    auto packet = os::receive_guarded(office_connection_.get(), clock_.now());
    if (!packet && packet.error().code == Errc::timed_out) return;
    const auto message =
        packet ? wire::decode_local_message(packet->bytes) : Result<LocalMessage>(packet.error());
    if (!message) return leave_office();
    answer_office(*message, std::move(packet->fds));
}

void Station::answer_office(const LocalMessage& message, std::vector<os::GuardedFd> fds) {
    // Only in the folder of its own user can a process take the office's place.
    const bool may_stand_in =
        !is_guest_ && office_place_.office_lock_path() == folder_.office_lock_path();
    if (may_stand_in && deputy_->take(message, fds)) return;
    if (message.op == LocalOp::offer) {
        is_offered_ = true;
        return;
    }
    if (message.op == LocalOp::register_again) {
        register_again_ = true;
        return;
    }
    if (message.op == LocalOp::machine) return set_machine(message.machine);
    const auto found = slots_.find(message.key);
    if (found == slots_.end()) return;
    if (message.op == LocalOp::reattach && !found->second->is_closed()) {
        (void)register_slot(found->second);
    } else if (message.op == LocalOp::make_room) {
        make_room(*found->second, message.number);
    } else if (message.op == LocalOp::back_memory) {
        found->second->back_ahead();
    } else if (message.op == LocalOp::ring) {
        found->second->ring();
        const os::UniqueFd event = found->second->event_for_writers();
        if (!event || !os::shares_events(office_connection_.get())) return;
        const std::array given{event.get()};
        (void)os::send_packet(office_connection_.get(),
                              wire::encode({.op = LocalOp::event, .key = message.key}), given);
    }
}

void Station::set_machine(const MachineId& machine) {
    if (machine.number == 0) return;
    machine_ = machine;
    note_network();
    for (const auto& [key, inbox] : slots_) inbox->set_machine(machine);
}

// An office in another network is mailslotd's, or its process was moved.
void Station::note_network() {
    std::optional<Error> other;
    if (!may_be_one(machine_.network, network_id_)) {
        other =
            Error{Errc::unreachable, kOtherNetwork, 0,
                  "the post office of " + (is_machines_ ? settings_.system_dir : settings_.dir) +
                      " is in another network namespace, so this process receives from that "
                      "network; to receive from its own network, set MAILSLOT_DIR to a folder that "
                      "the two namespaces do not share"};
    }
    std::lock_guard lock(mutex_);
    other_network_ = std::move(other);
}

// Tells the office which number our slots' writers have used so far. The office answers with the
// number to use.
void Station::tell_machine() {
    (void)os::send_packet(office_connection_.get(),
                          wire::encode({.op = LocalOp::machine, .machine = machine_}));
}

// Returns the number of the office that we were registered with, so that writers need not change.
// Draws a new number if that office is in another network, because it may go on there.
std::uint64_t Station::machine_number_as_office() const {
    return may_be_one(machine_.network, network_id_) ? machine_.number : SystemRandom().u64() | 1;
}

void Station::register_own(const std::shared_ptr<inbox::Inbox>& inbox) {
    office_->add_own_slot(
        inbox->name().key,
        {.open = [inbox, this] { return open_own(*inbox, *liveness_); },
         .ring = [inbox] { inbox->ring(); },
         .make_room = [inbox,
                       this](std::uint64_t wanted_bytes) { make_room(*inbox, wanted_bytes); },
         .lender = {.lend = [inbox] { return inbox->admit_office(); },
                    .take_back = [inbox](std::uint32_t number) { inbox->bury(number); },
                    .liveness = liveness_->fd().get()}});
}

Result<void> Station::register_slot(const std::shared_ptr<inbox::Inbox>& inbox) {
    if (office_) {
        register_own(inbox);
        return {};
    }
    if (!office_connection_) return Error{Errc::unreachable, "register"};
    const auto pass = inbox->admit_office();
    if (!pass) return pass.error();
    const std::string& key = inbox->name().key;
    office_numbers_.emplace_back(key, pass->number);
    const std::vector<int> fds = inbox::descriptors_of(*pass, liveness_->fd().get(),
                                                       os::shares_events(office_connection_.get()));
    auto sent = os::send_packet(
        office_connection_.get(),
        wire::encode({.op = LocalOp::register_slot,
                      .key = key,
                      .number = pass->number,
                      .detail = is_guest_ ? entry_request(inbox->name()) : std::string()}),
        fds);
    if (sent) sent = await_registration(key);
    // A refusal is an answer. Any other error means that nobody there understands us.
    const bool refused = !sent && std::string_view(sent.error().step) == kRefusal;
    if (!sent && !refused) {
        if (sent.error().code == Errc::timed_out) {
            note_mute_office();
        } else if (sent.error().code != Errc::closed) {
            set_network_error(sent.error());
        }
        leave_office();
    } else {
        mute_since_.reset();
        is_known_there_ = true;
        seek_tries_ = 0;
    }
    if (sent) set_refused(key, std::nullopt);
    if (!refused) return sent;
    Error why{sent.error().code, kRefusal, 0, inbox->name().text};
    if (!sent.error().detail.empty()) why.detail += ": " + sent.error().detail;
    set_refused(key, why);
    return why;
}

// Gets a guest's socket from the office. Listens again, so that programs that ask know whose
// process answers.
Result<void> Station::obtain_socket() {
    const std::string file =
        listener_ ? socket_path_.substr(socket_path_.rfind('/') + 1) : std::string();
    const auto deadline = clock_.now() + (is_guest_ ? kGuestsAnswerPatience : kAnswerPatience);
    auto sent = os::send_packet(office_connection_.get(),
                                wire::encode({.op = LocalOp::want_socket, .detail = file}));
    Result<void> obtained = sent;
    while (obtained) {
        auto packet = os::receive_guarded(office_connection_.get(), deadline);
        const auto message = packet ? wire::decode_local_message(packet->bytes)
                                    : Result<LocalMessage>(packet.error());
        if (!message) {
            obtained = message.error();
        } else if (message->op == LocalOp::refused && message->key.empty()) {
            obtained = Error{message->why, kRefusal};
        } else if (message->op != LocalOp::given_socket) {
            answer_office(*message, std::move(packet->fds));
        } else if (packet->fds.empty() || !os::listen_again(packet->fds[0])) {
            obtained = Error{Errc::bad_segment, kRefusal};
        } else {
            return listen_at(folder_.reader_socket_path(message->detail),
                             std::move(packet->fds[0]));
        }
    }
    is_office_busy_ = may_be_busy(obtained.error());
    leave_office();
    return obtained;
}

// Returns the text that mailslotd needs to enter a guest's slot.
std::string Station::entry_request(const SlotName& name) const {
    return socket_path_.substr(socket_path_.rfind('/') + 1) + "/" + name.text;
}

// Waits for the answer, so that a slot hears the network from the moment it is open.
Result<void> Station::await_registration(const std::string& key) {
    const auto deadline = clock_.now() + (is_guest_ ? kGuestsAnswerPatience : kAnswerPatience);
    for (;;) {
        auto packet = os::receive_guarded(office_connection_.get(), deadline);
        if (!packet) return packet.error();
        const auto message = wire::decode_local_message(packet->bytes);
        if (!message) return message.error();
        if (message->key == key && message->op == LocalOp::refused) {
            return Error{message->why, kRefusal, 0, message->detail};
        }
        if (message->key != key || message->op != LocalOp::registered) {
            answer_office(*message, std::move(packet->fds));
            continue;
        }
        if (message->why == Errc{}) {
            set_network_error(std::nullopt);
        } else {
            const char* step = message->number == 1 ? kOneFamily : "post office";
            set_network_error(Error{message->why, step, 0, message->detail});
        }
        return {};
    }
}

}  // namespace mailslot::post
