// The office's side of the network: its carriers, which receive for the machine and send answers,
// and the gateway between them.
// Threads: the station's only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "carrier/carrier.h"
#include "mailslot/result.h"
#include "model/settings.h"
#include "office/gateway.h"
#include "office/handover.h"
#include "os/event_loop.h"

namespace mailslot::office {

class Network {
public:
    // `heard` is called when a carrier has something to receive.
    using Heard = std::function<void(Carrier&)>;
    Network(const Settings& settings, std::uint64_t machine, const Clock& clock,
            os::EventLoop& loop, Heard heard);

    // Starts all carriers that are not started, with sockets of a predecessor if there are any.
    // Without a network, tick() tries again.
    void start(std::vector<Estate::Socket> sockets = {});
    // Hears the carriers from now on.
    void begin_to_receive();
    void report_groups(const Carrier::Takes& takes);  // as Carrier's
    // Stops. `has_successor`: the successor goes on with the carriers' state on the network, such
    // as names.
    void stop(bool has_successor);
    // Stops, and returns the listening sockets.
    std::vector<Estate::Socket> hand_over();

    // Receives from a carrier, for a bounded time.
    void receive(Carrier& carrier, const Carrier::Deliver& deliver);
    // Receives all that waits in the sockets now.
    void drain(const Carrier::Deliver& deliver);

    Carrier& main_carrier() const { return *carriers_.front(); }
    const std::vector<std::unique_ptr<Carrier>>& carriers() const { return carriers_; }
    const std::optional<Error>& error() const { return error_; }
    void set_machine(std::uint64_t number);

    // Returns true if the carriers listen with other sockets than before.
    bool tick();
    std::optional<Clock::Instant> next_tick() const { return try_again_; }

private:
    Result<void> start(Carrier& carrier, std::vector<Estate::Socket>& sockets);
    Result<void> hear(Carrier& carrier);

    const Clock& clock_;
    os::EventLoop& loop_;
    const Heard heard_;
    const std::vector<std::unique_ptr<Carrier>> carriers_;  // the main carrier first
    std::optional<Gateway> gateway_;                        // between the first two
    bool receives_ = false;
    std::optional<Error> error_;
    std::optional<Clock::Instant> try_again_;
};

}  // namespace mailslot::office
