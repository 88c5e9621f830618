#include "office/reception.h"

#include <array>
#include <string>
#include <utility>

#include "os/local_socket.h"

namespace mailslot::office {
namespace {

using wire::LocalMessage;
using wire::LocalOp;

// A process that has gone shows when its connection is read.
void send(os::Handle connection, const LocalMessage& message,
          std::span<const os::Handle> fds = {}) {
    (void)os::send_packet(connection, wire::encode(message), fds);
}

}  // namespace

void Reception::hear(os::Handle connection) {
    const std::uint32_t user = office_.door.user_of(connection);
    auto packet = office_.door.hear(connection);
    if (!packet && packet.error().code == Errc::timed_out) return;
    const auto message =
        packet ? wire::decode_local_message(packet->bytes) : Result<LocalMessage>(packet.error());
    if (message) answer(connection, *message, packet->fds);
    if (packet) office_.door.put_away(user, std::move(packet->fds));
    if (!message) dismiss(connection);
}

// Moves the descriptors that are kept out of `fds`.
void Reception::answer(os::Handle connection, const LocalMessage& message,
                       std::vector<os::UniqueFd>& fds) {
    switch (message.op) {
        case LocalOp::register_slot:
            return register_slot(connection, message, fds);
        case LocalOp::want_socket:
            return give_socket(connection, message);
        case LocalOp::unregister_slot:
            return office_.registry.remove(message.key, connection);
        case LocalOp::event:
            return take_event(connection, message, fds);
        case LocalOp::machine:
            return office_.machine.hear(connection, message.machine);
        case LocalOp::claim:
            return office_.heirs.hear_claim(connection, wire::Rank{message.number});
        case LocalOp::registered_all:
            return office_.returners.has_come(connection);
        case LocalOp::senders:
            return send(connection,
                        office_.inquiries.senders(message, office_.door.user_of(connection)));
        case LocalOp::counters:
            return send(connection, office_.inquiries.counters());
        default:
            return dismiss(connection);
    }
}

void Reception::dismiss(os::Handle connection) {
    office_.registry.remove_all_of(connection);
    office_.returners.has_come(connection);
    office_.heirs.forget(connection);
    office_.machine.forget(connection);
    office_.deputies.dismiss(connection);
    office_.door.dismiss(connection);
}

void Reception::register_slot(os::Handle connection, const LocalMessage& request,
                              std::vector<os::UniqueFd>& fds) {
    const auto added =
        office_.registry.add(connection, office_.door.user_of(connection), request, fds);
    if (!added) {
        return send(connection, {.op = LocalOp::refused,
                                 .key = request.key,
                                 .why = added.error().code,
                                 .detail = added.error().detail});
    }
    LocalMessage answer{.op = LocalOp::registered, .key = request.key};
    if (const auto& error = office_.network.error()) {
        answer.why = error->code;
        answer.detail = error->detail;
        answer.number = error->reason == Reason::one_family ? 1 : 0;
    }
    send(connection, answer);
    make_deputy(connection);
}

void Reception::take_event(os::Handle connection, const LocalMessage& message,
                           std::vector<os::UniqueFd>& fds) {
    RegisteredSlot* const slot = office_.registry.find(message.key);
    if (slot == nullptr || slot->registrant != connection) return;
    if (fds.empty() || !os::shares_events(connection)) return;
    slot->writer->set_event(std::move(fds[0]));
}

void Reception::give_socket(os::Handle connection, const LocalMessage& request) {
    if (!office_.registry.serves_all_users()) return dismiss(connection);
    auto made =
        office_.registry.make_socket(connection, office_.door.user_of(connection), request.detail);
    if (!made) return send(connection, {.op = LocalOp::refused, .why = made.error().code});
    const std::array given{made->listener.get()};
    send(connection, {.op = LocalOp::given_socket, .detail = std::move(made->file)}, given);
}

void Reception::make_deputy(os::Handle connection) {
    Deputies& deputies = office_.deputies;
    if (!office_.heirs.may_take_over(connection) || deputies.has(connection)) return;
    if (!deputies.appoint(connection)) return;
    for (const auto& carrier : office_.network.carriers()) {
        for (const ListeningSocket& socket : carrier->lend()) {
            if (socket.fd) deputies.lend_socket(connection, carrier->traits().name, socket);
        }
    }
    deputies.lend_slots_to(connection);
}

void Reception::lend_anew() {
    for (const os::Handle connection : office_.deputies.connections()) {
        office_.deputies.dismiss(connection);
        make_deputy(connection);
    }
}

}  // namespace mailslot::office
