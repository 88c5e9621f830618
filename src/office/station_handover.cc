// Moves the post office from one station to another: docs/office.md, "Handing over".

#include <algorithm>
#include <chrono>

#include "base/crash_point.h"
#include "office/station.h"

namespace mailslot::office {
namespace {

using wire::LocalMessage;
using wire::LocalOp;
using wire::Rank;
using namespace std::chrono_literals;

constexpr auto kOfferPatience = 100ms;
constexpr int kMostOffers = 8;

}  // namespace

Result<void> Station::open_office(Estate estate, Clock::Instant receive_by) {
    const OfficeRole role{role_.rank, role_.serves_all_users, role_.listener.get()};
    auto office = Office::open(settings_, folder_, machine_number_as_office(), clock_, *loop_, role,
                               std::move(estate), receive_by);
    if (!office) {
        set_network_error(office.error());
        return office.error();
    }
    office_ = std::move(*office);
    office_->tell_changes_to([this](const MachineId& machine) { set_machine(machine); });
    set_machine(office_->machine());
    office_died_ = false;
    start_metrics();
    watch_for_machines_office();
    set_network_error(office_->network_error());
    return {};
}

void Station::start_metrics() {
    metrics_.reset();
    metrics_error_.reset();
    if (settings_.metrics.empty()) return;
    auto started = MetricsServer::start(settings_, folder_);
    if (started) {
        metrics_ = std::move(*started);
    } else {
        metrics_error_ = started.error();
    }
}

// --- As a successor
// ---------------------------------------------------------------------------------------

// Takes over from the office that we are registered with, because it ends. Answers its requests to
// ring while waiting for the estate.
void Station::take_up_offer() {
    is_offered_ = false;
    if (!may_be_one(machine_.network, network_id_)) return;  // the sockets are in another network
    {
        std::lock_guard lock(mutex_);
        if (stopping_) return;  // we end, too, so the office asks the next process
    }
    const int fd = office_connection_.get();
    if (!os::send_packet(fd, wire::encode({.op = LocalOp::claim}))) return leave_office();
    MAILSLOT_CRASH_POINT(office_claimed);
    auto estate = receive_estate(fd, [this](const LocalMessage& message) {
        if (message.op == LocalOp::ring) answer_office(message);
    });
    if (!estate && estate.error().code == Errc::slot_exists) return;  // another process got it
    if (!estate) return leave_office();
    loop_->remove(fd);
    deputy_->resign();
    estate->registrants.push_back(std::move(office_connection_));
    bury_office_writers();
    register_again_ = false;
    if (!open_office(std::move(*estate), clock_.now() + kHandoverPatience)) {
        seek_again_ = clock_.now() + kOfferPatience;
        return;
    }
    MAILSLOT_CRASH_POINT(office_opened);
    for (const auto& [key, inbox] : slots_) (void)register_slot(inbox);
}

// For a daemon: claims the office from the process that has it now.
Result<void> Station::claim_office() {
    const auto claim = [this]() -> Result<void> {
        auto connection = os::connect_local(folder_.takeover_socket_path());
        if (!connection) return connection.error();
        const LocalMessage message{.op = LocalOp::claim,
                                   .number = static_cast<std::uint32_t>(role_.rank)};
        auto sent = os::send_packet(connection->get(), wire::encode(message));
        if (!sent) return sent;
        auto estate = receive_estate(connection->get(), [](const LocalMessage&) {});
        if (!estate) return estate.error();
        estate->registrants.push_back(std::move(*connection));
        return open_office(std::move(*estate), clock_.now() + kHandoverPatience);
    };
    auto claimed = claim();
    if (!claimed && claimed.error().code == Errc::timed_out && !mute_since_) {
        office_place_ = folder_;
        office_lock_id_ = os::file_at(folder_.office_lock_path());
        mute_since_ = clock_.now();
        tell_readers();
    }
    role_.kept = {};  // out of date, because another office has gone on meanwhile
    no_office_ = claimed ? std::nullopt : std::optional(claimed.error());
    return claimed;
}

// --- To itself
// ---------------------------------------------------------------------------------------

Result<void> Station::reopen_office(const Settings& settings, const Look& look) {
    Result<void> reopened;
    execute([&] {
        if (office_) reopened = reopen(settings, look);
    });
    return reopened;
}

Result<void> Station::reopen(const Settings& settings, const Look& look) {
    const std::string dir = settings_.dir, system_dir = settings_.system_dir;
    const auto waits_until = office_->receive_by().value_or(clock_.now());
    office_->drain();  // empties sockets of a port that we may leave
    Estate estate = office_->take_apart();
    close_office();
    settings_ = settings;
    settings_.dir = dir;
    settings_.system_dir = system_dir;
    if (look) look(estate);
    const auto patience = estate.registrants.empty() ? 0ms : kHandoverPatience;
    auto reopened = open_office(std::move(estate), std::max(waits_until, clock_.now() + patience));
    if (!reopened) seek_again_ = clock_.now();
    for (const auto& [key, inbox] : slots_) (void)register_slot(inbox);
    return reopened;
}

void Station::at_end(Look look) {
    execute([&] { at_end_ = std::move(look); });
}

void Station::at_loss(std::function<void()> tell) {
    execute([&] { at_loss_ = std::move(tell); });
}

OfficeStatus Station::office_status() {
    OfficeStatus status;
    execute([&] {
        if (office_) status = office_->status();
        status.metrics_error = metrics_ ? metrics_->error() : metrics_error_;
    });
    return status;
}

// --- As a predecessor
// -------------------------------------------------------------------------------------

void Station::hand_office_over() {
    os::GuardedFd successor = office_->take_claimant();
    Estate estate = office_->take_apart();
    close_office();
    if (!send_estate(successor.get(), estate)) {
        // The handover failed before it took effect: this process stays the office.
        successor.reset();
        if (!open_office(std::move(estate), clock_.now() + kHandoverPatience)) {
            seek_again_ = clock_.now();
        }
        for (const auto& [key, inbox] : slots_) (void)register_slot(inbox);
        return;
    }
    if (at_loss_) at_loss_();
    // From here on we are registered with the successor like any process, and it will ask for our
    // slots.
    office_connection_ = std::move(successor);
    if (!loop_->add(office_connection_.get(), [this] { hear_office(); })) leave_office();
}

// Offers the office to registered processes, because this process ends.
void Station::bequeath_office() {
    for (int i = 0; i < kMostOffers && office_ && office_->offer(); ++i) {
        const auto until = clock_.now() + kOfferPatience;
        while (office_->is_offered() && !office_->is_claimed() && clock_.now() < until) {
            loop_->run_once(until);
            office_->tick();
        }
        if (office_->is_claimed()) hand_office_over();
    }
    if (!at_end_) return;
    Estate left;
    if (office_) left = office_->take_apart();
    close_office();
    at_end_(left);
}

// --- Registered with a successor
// --------------------------------------------------------------------------

void Station::register_all() {
    register_again_ = false;
    deputy_->resign();      // lent by the old office; the new office lends its own things
    bury_office_writers();  // the old office is no longer at work
    tell_machine();
    if (is_guest_ && !obtain_socket()) return;
    for (const auto& [key, inbox] : slots_) {
        (void)register_slot(inbox);
        if (!office_connection_) return;
    }
    (void)os::send_packet(office_connection_.get(), wire::encode({.op = LocalOp::registered_all}));
}

void Station::bury_office_writers() {
    bury_writers(office_numbers_);
    office_numbers_.clear();
}

}  // namespace mailslot::office
