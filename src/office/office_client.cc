#include "office/office_client.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "base/crash_point.h"
#include "inbox/office_pass.h"
#include "os/failure.h"
#include "os/local_socket.h"
#include "os/user.h"

namespace mailslot::office {
namespace {

using wire::LocalMessage;
using wire::LocalOp;
using namespace std::chrono_literals;

constexpr auto kAnswerPatience = 500ms;
// A guest asks again and again, and its visitors wait for less than half a second.
constexpr auto kGuestsAnswerPatience = 200ms;

Error refusal(Errc why, std::string detail = {}) {
    return {why, "register", 0, std::move(detail), Reason::refused_by_office};
}

}  // namespace

void use_machine(const MachineId& machine, const std::string& dir, const Premises& at,
                 SlotDesk& desk, SlotErrors& errors) {
    if (machine.number == 0) return;
    desk.set_machine(machine);
    if (may_be_one(machine.network, at.network)) return errors.set_other_network(std::nullopt);
    // An office in another network is mailslotd's, or its process was moved.
    errors.set_other_network(
        Error{Errc::unreachable, "other network", 0,
              "the post office of " + dir +
                  " is in another network namespace, so this process receives from that "
                  "network; to receive from its own network, set MAILSLOT_DIR to a folder that "
                  "the two namespaces do not share",
              Reason::other_network});
}

// --- The connection
// ------------------------------------------------------------------------------------

bool OfficeClient::join(const std::string& dir) {
    const auto offices = local::SlotFolder(dir).offices_for(at_.network);
    return std::ranges::any_of(offices,
                               [&](const local::SlotFolder& office) { return join(office, dir); });
}

bool OfficeClient::join(const local::SlotFolder& office, const std::string& dir) {
    auto connection = os::connect_local(office.office_socket_path());
    if (!connection) {
        // Its queue is full.
        if (os::failure_of(connection.error().os_code) == os::Failure::busy) {
            office_.note_busy(true);
        }
        return false;
    }
    const std::uint32_t user = os::peer_identity(connection->get()).uid;
    const bool is_trusted = os::is_own_user_or_root(user) ||
                            (os::owner_of(dir) == user && os::check_folder(dir).has_value());
    if (!is_trusted) return false;
    office_.find(office);
    dir_ = dir;
    if (!connect(std::move(*connection))) return false;
    tell_machine();
    return true;
}

bool OfficeClient::connect(os::GuardedFd connection) {
    if (!at_.loop.add(connection.get(), [this] { hear(); })) return false;
    connection_ = std::move(connection);
    link_ = Link::joined;
    return true;
}

os::GuardedFd OfficeClient::disconnect() {
    at_.loop.remove(connection_.get());
    deputy_.resign();
    is_offered_ = is_called_ = false;
    link_ = Link::none;
    return std::move(connection_);
}

void OfficeClient::follow(os::GuardedFd successor) {
    if (connect(std::move(successor))) return;
    bury_writers();
    fate_.office_left(false);
}

void OfficeClient::leave() {
    if (!is_connected()) return;
    const bool answered = link_ == Link::answered;
    disconnect().reset();
    bury_writers();
    desk_.look_for_room_soon();  // the office may have been about to ask for room
    fate_.office_left(answered);
}

std::optional<OfficeClient::Former> OfficeClient::retire() {
    if (!is_connected()) return std::nullopt;
    return Former{disconnect(), std::exchange(writers_, {})};
}

void OfficeClient::bury_writers() { desk_.bury(std::exchange(writers_, {})); }

void OfficeClient::keep_numbers(Deputies::Numbers writers) {
    for (auto& writer : writers) writers_.push_back(std::move(writer));
}

// Tells the office which number our slots' writers have used so far. The office answers with the
// number to use.
void OfficeClient::tell_machine() const {
    (void)os::send_packet(connection_.get(),
                          wire::encode({.op = LocalOp::machine, .machine = desk_.machine()}));
}

// --- Registering
// ---------------------------------------------------------------------------------------

Result<void> OfficeClient::add(const SlotDesk::Slot& slot) {
    if (!is_connected()) return Error{Errc::unreachable, "register"};
    const auto pass = slot->admit_office();
    if (!pass) return pass.error();
    const std::string& key = slot->name().key;
    writers_.emplace_back(key, pass->number);
    const std::vector<os::Handle> fds =
        inbox::descriptors_of(*pass, desk_.liveness(), os::shares_events(connection_.get()));
    // A guest's slot is entered by mailslotd.
    const std::string entry = at_.is_guest ? place_.socket_file() + "/" + slot->name().text : "";
    auto sent = os::send_packet(
        connection_.get(),
        wire::encode(
            {.op = LocalOp::register_slot, .key = key, .number = pass->number, .detail = entry}),
        fds);
    if (sent) sent = await_registration(key);
    // A refusal is an answer. Any other error means that nobody there understands us.
    const bool is_refused = !sent && sent.error().reason == Reason::refused_by_office;
    if (!sent && !is_refused) {
        if (sent.error().code == Errc::timed_out) {
            note_mute();
        } else if (sent.error().code != Errc::closed) {
            errors_.set_network(sent.error());
        }
        leave();
        return sent;
    }
    office_.note_answer();
    link_ = Link::answered;
    if (sent) {
        errors_.accept(key);
        return sent;
    }
    Error why = refusal(sent.error().code, slot->name().text);
    if (!sent.error().detail.empty()) why.detail += ": " + sent.error().detail;
    errors_.refuse(key, why);
    return why;
}

// Waits for the office's word about the slot `key`: `op`, or a refusal, which is returned as an
// error. Other messages of the office are answered meanwhile.
Result<OfficeClient::Said> OfficeClient::await(LocalOp op, const std::string& key) {
    const auto deadline =
        at_.clock.now() + (at_.is_guest ? kGuestsAnswerPatience : kAnswerPatience);
    for (;;) {
        auto packet = os::receive_guarded(connection_.get(), deadline);
        if (!packet) return packet.error();
        auto message = wire::decode_local_message(packet->bytes);
        if (!message) return message.error();
        if (message->key == key && message->op == LocalOp::refused) {
            return refusal(message->why, message->detail);
        }
        if (message->key == key && message->op == op) {
            return Said{std::move(*message), std::move(packet->fds)};
        }
        answer(*message, std::move(packet->fds));
    }
}

Result<void> OfficeClient::await_registration(const std::string& key) {
    const auto said = await(LocalOp::registered, key);
    if (!said) return said.error();
    const LocalMessage& message = said->message;
    if (message.why == Errc{}) {
        errors_.set_network(std::nullopt);
    } else {
        const bool in_part = message.number == 1;
        errors_.set_network(Error{message.why, in_part ? "one address family" : "post office", 0,
                                  message.detail, in_part ? Reason::one_family : Reason::none});
    }
    return {};
}

void OfficeClient::remove(const SlotName& name) {
    if (is_connected()) {
        (void)os::send_packet(connection_.get(),
                              wire::encode({.op = LocalOp::unregister_slot, .key = name.key}));
    }
    std::erase_if(writers_, [&](const auto& writer) { return writer.first == name.key; });
}

void OfficeClient::register_again() {
    deputy_.resign();  // lent by the old office; the new office lends its own things
    bury_writers();    // the old office is no longer at work
    tell_machine();
    if (at_.is_guest && !obtain_socket()) return;
    for (const auto& [key, slot] : desk_.slots()) {
        (void)add(slot);
        if (!is_connected()) return;
    }
    (void)os::send_packet(connection_.get(), wire::encode({.op = LocalOp::registered_all}));
}

// Listens again at the socket that the office made, so that programs that ask know whose process
// answers.
Result<void> OfficeClient::obtain_socket() {
    auto obtained =
        os::send_packet(connection_.get(),
                        wire::encode({.op = LocalOp::want_socket, .detail = place_.socket_file()}));
    if (obtained) obtained = await_socket();
    if (obtained) return obtained;
    office_.note_busy(may_be_busy(obtained.error()));
    leave();
    return obtained;
}

Result<void> OfficeClient::await_socket() {
    auto said = await(LocalOp::given_socket, {});
    if (!said) return said.error();
    if (said->fds.empty() || !os::listen_again(said->fds[0])) return refusal(Errc::bad_segment);
    return place_.listen_at(at_.folder.reader_socket_path(said->message.detail),
                            std::move(said->fds[0]));
}

// --- What the office asks
// ------------------------------------------------------------------------------

void OfficeClient::hear() {
    auto packet = os::receive_guarded(connection_.get(), at_.clock.now());
    if (!packet && packet.error().code == Errc::timed_out) return;
    const auto message =
        packet ? wire::decode_local_message(packet->bytes) : Result<LocalMessage>(packet.error());
    if (!message) return leave();
    answer(*message, std::move(packet->fds));
}

void OfficeClient::answer(const LocalMessage& message, std::vector<os::GuardedFd> fds) {
    // Only in the folder of its own user can a process take the office's place.
    const bool may_stand_in = !at_.is_guest && office_.is_in(at_.folder);
    if (may_stand_in && deputy_.take(message, fds)) return;
    switch (message.op) {
        case LocalOp::offer:
            is_offered_ = true;
            return;
        case LocalOp::register_again:
            is_called_ = true;
            return;
        case LocalOp::machine:
            return use_machine(message.machine, dir_, at_, desk_, errors_);
        default:
            break;
    }
    const SlotDesk::Slot slot = desk_.find(message.key);
    if (slot == nullptr) return;
    if (message.op == LocalOp::reattach && !slot->is_closed()) {
        (void)add(slot);
    } else if (message.op == LocalOp::make_room) {
        desk_.make_room(*slot, message.number);
    } else if (message.op == LocalOp::back_memory) {
        slot->back_ahead();
    } else if (message.op == LocalOp::ring) {
        slot->ring();
        give_event(message.key, *slot);
    }
}

void OfficeClient::give_event(const std::string& key, const inbox::Inbox& slot) const {
    const os::UniqueFd event = slot.event_for_writers();
    if (!event || !os::shares_events(connection_.get())) return;
    const std::array given{event.get()};
    (void)os::send_packet(connection_.get(), wire::encode({.op = LocalOp::event, .key = key}),
                          given);
}

Result<Estate> OfficeClient::claim() {
    if (!os::send_packet(connection_.get(), wire::encode({.op = LocalOp::claim}))) {
        leave();
        return Error{Errc::closed, "claim"};
    }
    MAILSLOT_CRASH_POINT(office_claimed);
    auto estate = receive_estate(connection_.get(), [this](const LocalMessage& message) {
        if (message.op == LocalOp::ring) answer(message);
    });
    if (!estate) {
        if (estate.error().code != Errc::slot_exists) leave();  // else another process got it
        return estate;
    }
    estate->registrants.push_back(disconnect());
    bury_writers();
    return estate;
}

// --- An office that does not answer
// --------------------------------------------------------------------

void OfficeClient::note_mute() {
    const std::int64_t pid = os::peer_identity(connection_.get()).pid;
    errors_.set_network(Error{Errc::timed_out, "post office", 0,
                              "process " + std::to_string(pid) +
                                  ", which receives for this machine, does not answer; "
                                  "`mailslot doctor` says why"});
    if (office_.note_mute(at_.clock.now())) place_.tell_readers();
}

}  // namespace mailslot::office
