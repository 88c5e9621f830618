// Sends and receives the estate that a post office leaves to its successor: docs/office.md,
// "Handing over".
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "carrier/carrier.h"
#include "mailslot/result.h"
#include "os/fork_guard.h"
#include "os/local_socket.h"
#include "wire/local_message.h"

namespace mailslot::office {

struct Estate {
    struct Socket {
        std::string carrier;  // name of the carrier
        ListeningSocket socket;
    };
    os::GuardedFd lock;  // the holder of the lock is the office
    std::vector<Socket> sockets;
    std::vector<os::GuardedFd> registrants;  // connections of registered processes
    std::vector<std::byte> books;
};

// Copies books into a sealed piece of memory, whose descriptor can be sent.
// Errors: no_resources.
Result<os::UniqueFd> to_memory(Bytes books);
// Returns the books in `memory`. Returns nothing if that is no such memory: the notes in the slots'
// memory then have to do.
std::vector<std::byte> books_in(os::Handle memory);

// Most time for the whole of either function below. Nobody reads the sockets meanwhile, which can
// cost datagrams.
inline constexpr std::chrono::milliseconds kHandoverPatience{500};

// Sends the estate to the process that claimed it. After an error this process stays the office.
// Errors: closed, timed_out, no_resources.
Result<void> send_estate(os::Handle fd, const Estate& estate);

// Receives the estate after a claim. Other messages that come go to `meanwhile`.
// Errors: closed, timed_out, bad_packet; or the error that the office refused with, with the
// office's process in detail.
Result<Estate> receive_estate(os::Handle fd,
                              const std::function<void(const wire::LocalMessage&)>& meanwhile);

}  // namespace mailslot::office
