// What a post office leaves to its successor, and how it gets there: docs/office.md, "Handing
// over".
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

namespace mailslot::post {

struct Estate {
    struct Socket {
        std::string carrier;  // its name
        ListeningSocket socket;
    };
    os::GuardedFd lock;  // whoever has it is the office
    std::vector<Socket> sockets;
    std::vector<os::GuardedFd> registrants;  // connections of registered processes
    std::vector<std::byte> books;
};

// Books as a sealed piece of memory, by whose descriptor they travel. Errors: no_resources.
Result<os::UniqueFd> to_memory(Bytes books);
// Empty, where it is no such memory: then the notes in the slots' memory have to do.
std::vector<std::byte> books_in(int memory);

// Both take at most so long for all of it: an office at a standstill costs datagrams.
inline constexpr std::chrono::milliseconds kHandoverPatience{500};

// To whom claimed it. After an error nothing has changed hands. Errors: closed, timed_out,
// no_resources.
Result<void> send_estate(int fd, const Estate& estate);

// After a claim. `meanwhile` gets what else comes. Errors: closed, timed_out, bad_packet; what the
// office refused with, and then detail says who it is.
Result<Estate> receive_estate(int fd,
                              const std::function<void(const wire::LocalMessage&)>& meanwhile);

}  // namespace mailslot::post
