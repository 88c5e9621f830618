// Sends a writer's messages on the classic wire: docs/protocol/netbios-carrier.md, "Sending".
// send() never waits: if a name's address is still being asked for, the message is kept, and a
// background thread sends it when the answer comes.
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

// The most messages of a writer that wait for addresses, up to 512 bytes each.
inline constexpr std::size_t kMaxWaitingForNames = 256;
// Enough for a question, which takes 750 ms.
inline constexpr std::chrono::milliseconds kNameQuestionTakes{1000};

// Unofficial ports need no privilege: for tests.
struct NetbiosPorts {
    std::uint16_t names = wire::kNetbiosNamePort;
    std::uint16_t datagrams = wire::kNetbiosDatagramPort;
};

// Threads: one at a time.
// Fork: a child makes its own.
class NetbiosSender {
public:
    NetbiosSender(const Settings& settings, const OwnNames& names, NetbiosPorts ports);
    ~NetbiosSender();  // drops messages that still wait for a name

    // Checks whether the destination exists on the classic wire.
    // Errors: bad_name.
    static Result<void> check(const Destination& to);
    // As Carrier::send. If any message is too large, none is sent. Kinds other than `message` have
    // no form on this wire: they are taken without being sent.
    Result<std::size_t> send(const Destination& to, std::span<const Envelope> messages);
    // Returns and clears the last error of messages that waited for a name.
    std::optional<Error> take_late_error();
    bool is_waiting() const;  // whether messages wait for a name
    // Returns when no message waits for a name, or after `at_most`.
    void finish(std::chrono::milliseconds at_most);

    std::uint64_t sent() const;    // datagrams
    std::uint64_t failed() const;  // datagrams that did not leave

private:
    struct State;
    bool start_work();
    const std::shared_ptr<State> state_;  // shared with the thread
};

}  // namespace mailslot
