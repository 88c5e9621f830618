// Wraps any carrier and treats received messages like a bad network. Prints its seed, so that a
// failed run can be repeated.
// Threads: one.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "carrier/carrier.h"
#include "carrier/testing/owned_envelope.h"

namespace mailslot {

// Probabilities from 0 to 1 for each arriving envelope.
struct Faults {
    double lose = 0;
    double repeat = 0;   // comes twice
    double reorder = 0;  // swapped with the next envelope
    double cut = 0;      // arrives damaged: counted as rx_bad_packet and dropped
    double delay = 0;    // comes up to max_delay later
    std::chrono::milliseconds max_delay{100};
};

class LossyCarrier final : public Carrier {
public:
    struct Damage {  // faults so far
        std::uint64_t lost = 0, repeated = 0, reordered = 0, cut = 0, delayed = 0;
    };

    LossyCarrier(std::unique_ptr<Carrier> inner, const Faults& faults, std::uint64_t seed,
                 const Clock& clock);

    CarrierTraits traits() const override { return inner_->traits(); }
    Result<void> start() override { return inner_->start(); }
    Result<void> start_with(std::vector<ListeningSocket> sockets) override {
        return inner_->start_with(std::move(sockets));
    }
    std::vector<ListeningSocket> hand_over() override { return inner_->hand_over(); }
    os::Handle poll_fd() const override { return inner_->poll_fd(); }  // ignores delayed messages
    bool receive(const Deliver& deliver) override;
    Result<std::size_t> send(const Destination& to, std::span<const Envelope> messages) override {
        return inner_->send(to, messages);
    }
    CarrierCounters counters() const override;
    std::vector<FurtherCounter> further_counters() const override { return {}; }
    void stop() override;  // drops delayed messages

    const Damage& damage() const { return damage_; }
    std::size_t held_back() const { return delayed_.size(); }

private:
    struct Delayed {
        Clock::Instant due;
        OwnedEnvelope envelope;
    };

    bool happens(double chance);
    void take(const Envelope& envelope, std::vector<OwnedEnvelope>& out);
    void release_due(std::vector<OwnedEnvelope>& out);
    void reorder(std::vector<OwnedEnvelope>& batch);

    std::unique_ptr<Carrier> inner_;
    Faults faults_;
    SeededRandom random_;
    const Clock& clock_;
    std::vector<Delayed> delayed_;
    Damage damage_;
};

}  // namespace mailslot
