#include "office/handover.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/crash_point.h"
#include "os/shared_memory.h"

namespace mailslot::office {
namespace {

using wire::LocalMessage;
using wire::LocalOp;

// Far above the limits of docs/post-office.md: 64 MiB of parts, and 65536 senders.
constexpr std::size_t kMostBooks = std::size_t{256} * 1024 * 1024;
// Bounds what a stranger can send; more than any office has.
constexpr std::size_t kMostHanded = 65536;

}  // namespace

Result<os::UniqueFd> to_memory(Bytes books) {
    auto memory =
        os::create_shared_memory("mailslot-books", books.size(), os::WhoWrites::creator_only);
    if (!memory) return memory.error();
    std::ranges::copy(books, memory->mapping.data());
    return std::move(memory->fd);
}

std::vector<std::byte> books_in(os::Handle memory) {
    const auto mapping = os::map_shared_memory(memory, os::WhoWrites::creator_only, 1, kMostBooks);
    if (!mapping) return {};
    return {mapping->data(), mapping->data() + mapping->size()};
}

Result<void> send_estate(os::Handle fd, const Estate& estate) {
    const auto deadline = std::chrono::steady_clock::now() + kHandoverPatience;
    const auto send = [&](const LocalMessage& message, std::span<const os::Handle> fds) {
        return os::send_packet_within(fd, wire::encode(message), fds, deadline);
    };
    const auto books = to_memory(estate.books);
    if (!books) return books.error();
    const std::array lock_and_books{estate.lock.get(), books->get()};
    if (auto sent = send({.op = LocalOp::handed_lock}, lock_and_books); !sent) return sent;
    MAILSLOT_CRASH_POINT(estate_begun);
    for (const Estate::Socket& socket : estate.sockets) {
        const std::array fds{socket.socket.fd.get()};
        const LocalMessage message{.op = LocalOp::handed_socket,
                                   .key = socket.carrier,
                                   .detail = std::string(as_text(socket.socket.memo))};
        if (auto sent = send(message, fds); !sent) return sent;
    }
    for (const os::GuardedFd& registrant : estate.registrants) {
        const std::array fds{registrant.get()};
        if (auto sent = send({.op = LocalOp::handed_registrant}, fds); !sent) return sent;
    }
    MAILSLOT_CRASH_POINT(estate_sent);
    auto sent = send({.op = LocalOp::handed_all}, {});
    MAILSLOT_CRASH_POINT(estate_handed);
    return sent;
}

Result<Estate> receive_estate(os::Handle fd,
                              const std::function<void(const LocalMessage&)>& meanwhile) {
    const auto deadline = std::chrono::steady_clock::now() + kHandoverPatience;
    Estate estate;
    for (;;) {
        auto packet = os::receive_guarded(fd, deadline);
        if (!packet) return packet.error();
        if (packet->bytes.empty())
            return Error{Errc::closed, "take over", 0, {}, Reason::no_takeover};
        auto message = wire::decode_local_message(packet->bytes);
        if (!message) return message.error();
        const std::size_t fds = packet->fds.size();
        if (message->op == LocalOp::handed_lock && fds == 2) {
            estate.lock = std::move(packet->fds[0]);
            estate.books = books_in(packet->fds[1].get());
            MAILSLOT_CRASH_POINT(estate_coming);
        } else if (message->op == LocalOp::handed_socket && fds == 1 &&
                   estate.sockets.size() < kMostHanded) {
            const Bytes memo = as_bytes(message->detail);
            estate.sockets.push_back(
                {message->key, {std::move(packet->fds[0]), {memo.begin(), memo.end()}}});
        } else if (message->op == LocalOp::handed_registrant && fds == 1 &&
                   estate.registrants.size() < kMostHanded) {
            estate.registrants.push_back(std::move(packet->fds[0]));
        } else if (message->op == LocalOp::handed_all && estate.lock) {
            MAILSLOT_CRASH_POINT(estate_received);
            return estate;
        } else if (message->op == LocalOp::refused && message->key.empty()) {
            return Error{message->why, "take over", 0,
                         message->why == Errc::no_permission
                             ? message->detail + " belongs to another user"
                             : message->detail,
                         Reason::no_takeover};
        } else {
            meanwhile(*message);
        }
    }
}

}  // namespace mailslot::office
