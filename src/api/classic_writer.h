// One writer's way to machines on the classic Windows wire, beside RemoteWriter or alone.
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

// Whether the place can only be one there: "LAB#1C".
bool is_classic_place(const Address& address);

class ClassicWriter {
public:
    ClassicWriter(const Address& address, std::uint64_t origin, const Settings& settings,
                  const Clock& clock);

    // How many of them, from the first on, can go this way; not none. Errors: message_too_big,
    // bad_name, bad_config; no_permission: with this machine's keys they would be sealed.
    Result<std::size_t> how_many_fit(std::span<const std::string_view> messages, Form form);
    // Messages of a put, as RemoteWriter has them. How many were taken: sent, or kept for a name
    // that is being asked for. Errors, of the first: unreachable, no_resources, message_too_big,
    // bad_name, bad_config.
    Result<std::size_t> put(const RemoteWriter::Batch& batch);
    // The same where another carrier has taken them all: each that can go this way does, and none
    // that was sealed there.
    void put_too(const RemoteWriter::Batch& batch);
    // What became of messages that were kept, once.
    std::optional<Error> take_late_error();
    // Waits as long as a name is being asked for.
    void finish();
    // When to look_who_waits() again; none: no message waits for a name. As long as there is one
    // the process must not end without finish().
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
    std::optional<NetbiosSender> sender_;       // none: names_ says why
    std::optional<Clock::Instant> first_sent_;  // through sleep
    std::optional<Clock::Instant> due_;
};

}  // namespace mailslot
