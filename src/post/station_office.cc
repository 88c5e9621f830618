// The station's dealings with the machine's post office: being it, finding it, taking over.

#include <array>
#include <chrono>

#include "post/station.h"

namespace mailslot::post {
namespace {

using wire::LocalMessage;
using wire::LocalOp;
using namespace std::chrono_literals;

// When the office dies all others try at once; one of them is it within moments, so look again
// soon.
constexpr auto kSeekAgain = 5ms;
constexpr int kQuickTries = 200;
constexpr auto kSeekSlowly = 500ms;  // something lasting is in the way
constexpr auto kAnswerPatience = 500ms;

std::unique_ptr<inbox::InboxWriter> open_own(inbox::Inbox& inbox, const os::Liveness& liveness) {
    auto pass = inbox.admit_writer();
    if (!pass) return nullptr;
    auto segment = inbox::Segment::attach(std::move(pass->segment));
    auto reader = os::LivenessView::attach(liveness.fd());
    if (!segment || !reader) return nullptr;
    return std::make_unique<inbox::InboxWriter>(std::move(*segment), std::move(*reader),
                                                pass->number, std::move(pass->event));
}

}  // namespace

void Station::seek_office() {
    seek_again_.reset();
    if (office_ || office_connection_) return;
    if (!join_office() && !become_office()) {
        seek_again_ = clock_.now() + (++seek_tries_ < kQuickTries ? kSeekAgain : kSeekSlowly);
        return;
    }
    seek_tries_ = 0;
    for (const auto& [key, inbox] : slots_) {
        (void)register_slot(inbox);
        if (!office_ && !office_connection_) return;  // it went away meanwhile: we seek again
    }
}

bool Station::become_office() {
    auto lock = os::try_lock_file(folder_.office_lock_path());
    if (!lock || !*lock) return false;
    auto office = Office::open(settings_, folder_, station_id_, clock_, *loop_, std::move(*lock));
    if (!office) {
        set_network_error(office.error());
        return false;
    }
    office_ = std::move(*office);
    if (!settings_.metrics.empty()) metrics_ = MetricsServer::start(settings_.metrics, folder_);
    set_network_error(office_->network_error());
    return true;
}

bool Station::join_office() {
    auto connection = os::connect_local(folder_.office_socket_path());
    if (!connection) return false;
    office_connection_ = std::move(*connection);
    if (loop_->add(office_connection_.get(), [this] { hear_office(); })) return true;
    office_connection_.reset();
    return false;
}

// It died, or we do: what it had in our slots is given back.
void Station::leave_office() {
    if (office_connection_) {
        loop_->remove(office_connection_.get());
        office_connection_.reset();
        for (const auto& [key, number] : office_numbers_) {
            if (const auto found = slots_.find(key); found != slots_.end()) {
                found->second->bury(number);
            }
        }
        office_numbers_.clear();
        seek_again_ = clock_.now();
    }
    metrics_.reset();
    office_.reset();
}

void Station::hear_office() {
    const auto packet = os::receive_packet(office_connection_.get(), clock_.now());
    if (!packet && packet.error().code == Errc::timed_out) return;
    const auto message =
        packet ? wire::decode_local_message(packet->bytes) : Result<LocalMessage>(packet.error());
    if (!message) return leave_office();
    answer_office(*message);
}

void Station::answer_office(const LocalMessage& message) {
    const auto found = slots_.find(message.key);
    if (found == slots_.end()) return;
    if (message.op == LocalOp::reattach && !found->second->is_closed()) {
        (void)register_slot(found->second);
    } else if (message.op == LocalOp::ring) {
        found->second->ring();
        const os::UniqueFd event = found->second->event_for_writers();
        if (!event) return;
        const std::array fds{event.get()};
        (void)os::send_packet(office_connection_.get(),
                              wire::encode({.op = LocalOp::event, .key = message.key}), fds);
    }
}

void Station::register_own(const std::shared_ptr<inbox::Inbox>& inbox) {
    office_->add_own_slot(
        inbox->name().key, [inbox, this] { return open_own(*inbox, *liveness_); },
        [inbox] { inbox->ring(); });
}

Result<void> Station::register_slot(const std::shared_ptr<inbox::Inbox>& inbox) {
    if (office_) {
        register_own(inbox);
        return {};
    }
    if (!office_connection_) return Error{Errc::unreachable, "register"};
    const auto pass = inbox->admit_writer();
    if (!pass) return pass.error();
    const std::string& key = inbox->name().key;
    office_numbers_.emplace_back(key, pass->number);
    const std::array fds{pass->segment.get(), liveness_->fd().get(), pass->event.get()};
    auto sent = os::send_packet(
        office_connection_.get(),
        wire::encode({.op = LocalOp::register_slot, .key = key, .number = pass->number}),
        std::span(fds).first(pass->event ? 3 : 2));
    if (sent) sent = await_registration(key);
    // Refused is an answer; anything else means that nobody is there who understands us.
    const bool refused =
        !sent && (sent.error().code == Errc::slot_exists || sent.error().code == Errc::bad_segment);
    if (!sent && !refused) leave_office();
    return sent;
}

// Waits for the answer, so that a slot hears the network from the moment it is open.
Result<void> Station::await_registration(const std::string& key) {
    const auto deadline = clock_.now() + kAnswerPatience;
    for (;;) {
        const auto packet = os::receive_packet(office_connection_.get(), deadline);
        if (!packet) return packet.error();
        const auto message = wire::decode_local_message(packet->bytes);
        if (!message) return message.error();
        if (message->key == key && message->op == LocalOp::refused) {
            return Error{message->why, "register"};
        }
        if (message->key != key || message->op != LocalOp::registered) {
            answer_office(*message);
            continue;
        }
        set_network_error(message->why == Errc{}
                              ? std::optional<Error>()
                              : Error{message->why, "post office", 0, message->detail});
        return {};
    }
}

}  // namespace mailslot::post
