// Sends one writer's messages on the classic Windows wire, beside RemoteWriter or alone.
// Threads: one at a time.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "api/remote_writer.h"
#include "base/clock.h"
#include "carrier/netbios/netbios_sender.h"
#include "model/address.h"
#include "model/own_host.h"
#include "model/settings.h"
#include "trust/keys.h"

namespace mailslot {

// Returns whether the place is possible only on the classic wire, like "LAB#1C".
bool is_classic_place(const Address& address);

class ClassicWriter {
public:
    ClassicWriter(const Address& address, std::uint64_t origin, const Settings& settings,
                  const Clock& clock);

    // Returns how many messages from the first one on can go this way, at least one.
    // Errors: message_too_big, bad_name, bad_config; no_permission if this machine's keys would
    // seal them.
    Result<std::size_t> how_many_fit(std::span<const std::string_view> messages, Form form);
    // Sends the messages of a put, or keeps them while their name is looked up. Returns how many
    // were taken.
    // Errors, of the first message: unreachable, no_resources, message_too_big,
    // bad_name, bad_config.
    Result<std::size_t> put(const RemoteWriter::Batch& batch);
    // Sends what it can of messages that another carrier has taken. Never sends messages that were
    // sealed there.
    void put_too(const RemoteWriter::Batch& batch);
    // Returns the error of messages that were kept, once.
    std::optional<Error> take_late_error();
    // Waits as long as a name is being looked up.
    void finish();
    // Returns when to call look_who_waits() again. None if no message waits for a name. While
    // messages wait, the process must not end without finish().
    std::optional<Clock::Instant> due() const { return due_; }
    void look_who_waits();

private:
    Envelope envelope_of(const RemoteWriter::Batch& batch, std::size_t index);
    Destination destination() const;
    bool is_to_be_sealed();

    const Address& address_;
    const std::uint64_t origin_;
    const Settings& settings_;
    OwnHost host_{settings_};
    const Clock& clock_;
    trust::KeysView keys_;
    const Result<OwnNames> names_;
    std::optional<NetbiosSender> sender_;       // empty if names_ holds an error
    std::optional<Clock::Instant> first_sent_;  // by a clock that runs on in sleep
    std::optional<Clock::Instant> due_;
};

}  // namespace mailslot
