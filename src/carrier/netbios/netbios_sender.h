// A writer's way out by the classic wire: docs/protocol/netbios-carrier.md, "Sending". send() never
// waits: what is for a name that is being asked for is kept, and a thread of its own sends it when
// the answer comes.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "carrier/carrier.h"
#include "carrier/netbios/own_names.h"
#include "model/settings.h"
#include "wire/netbios_datagram.h"
#include "wire/netbios_service.h"

namespace mailslot {

// All names that one writer asks for at a time, with up to 432 bytes each.
inline constexpr std::size_t kMaxWaitingForNames = 256;
// A question takes 750 ms.
inline constexpr std::chrono::milliseconds kNameQuestionTakes{1000};

// Others than the official ones need no privilege: tests use such.
struct NetbiosPorts {
    std::uint16_t names = wire::kNetbiosNamePort;
    std::uint16_t datagrams = wire::kNetbiosDatagramPort;
};

// Threads: one at a time. Fork: a child makes its own.
class NetbiosSender {
public:
    NetbiosSender(const Settings& settings, const OwnNames& names, NetbiosPorts ports);
    ~NetbiosSender();  // what still waits for a name is dropped

    // Whether messages can go there at all. Errors: bad_name.
    static Result<void> check(const Destination& to);
    // As Carrier::send; messages of other kinds than `message` have no form on this wire, and are
    // taken without being sent. All of `messages` fit, or none is sent.
    Result<std::size_t> send(const Destination& to, std::span<const Envelope> messages);
    // What became of messages that waited for a name, once.
    std::optional<Error> take_late_error();
    bool is_waiting() const;  // messages for a name
    // Waits until none waits any more.
    void finish(std::chrono::milliseconds at_most);

    std::uint64_t sent() const;    // datagrams
    std::uint64_t failed() const;  // the same, that did not leave

private:
    struct State;
    bool start_work();
    const std::shared_ptr<State> state_;  // shared with the thread
};

}  // namespace mailslot
