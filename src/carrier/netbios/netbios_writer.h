// Sends one writer's messages on the classic Windows wire.
// Threads: one at a time.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "carrier/carrier_writer.h"
#include "carrier/netbios/netbios_sender.h"
#include "model/own_host.h"
#include "trust/keys.h"

namespace mailslot {

// Returns whether the place is possible only on the classic wire, like "LAB#1C".
bool is_classic_place(const Address& address);

class NetbiosWriter final : public CarrierWriter {
public:
    NetbiosWriter(const WriterNeeds& needs, NetbiosPorts ports);

    Result<std::size_t> how_many_fit(std::span<const std::string_view> texts, Form form) override;
    // Keeps messages while their name is looked up.
    Result<std::size_t> put(const Batch& batch) override;
    // While messages wait for a name, the process must not end without finish().
    std::optional<Clock::Instant> due() const override { return due_; }
    // The sender's thread sends messages whose name was found: looks whether others still wait.
    void send_held() override;
    void flush() override;
    std::optional<Error> take_late_error() override;
    void end(std::uint64_t) override { flush(); }  // the wire has no ends

private:
    Envelope envelope_of(const Batch& batch, std::size_t index);
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

std::unique_ptr<CarrierWriter> make_netbios_writer(const WriterNeeds& needs);

}  // namespace mailslot
