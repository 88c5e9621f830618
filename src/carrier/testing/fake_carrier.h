// A network in memory. All carriers on a FakeNetwork receive the messages of the others at once,
// whole and in order. Like the real carrier, a FakeCarrier hears its own group messages and sends
// large messages in fragments.
// Threads: one.
#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <vector>

#include "carrier/carrier.h"
#include "carrier/testing/owned_envelope.h"
#include "carrier/udp/frame_sender.h"
#include "model/ip_address.h"
#include "model/limits.h"

namespace mailslot {

class FakeCarrier;

// Must outlive the carriers on it.
class FakeNetwork {
private:
    friend class FakeCarrier;
    std::vector<FakeCarrier*> started_{};
};

class FakeCarrier final : public Carrier, public FrameSender {
public:
    static constexpr std::size_t kChunkBytes = 1024;  // larger messages become fragments

    FakeCarrier(FakeNetwork& network, const IpAddress& address)
        : network_(network), address_(address) {}
    FakeCarrier(const FakeCarrier&) = delete;
    FakeCarrier& operator=(const FakeCarrier&) = delete;
    ~FakeCarrier() override { FakeCarrier::stop(); }

    CarrierTraits traits() const override { return {"fake", kMaxNetworkMessageBytes}; }
    Result<void> start() override;
    Result<void> start_with(std::vector<ListeningSocket>) override { return start(); }
    std::vector<ListeningSocket> hand_over() override {  // nothing to hand over
        stop();
        return {};
    }
    os::Handle poll_fd() const override { return os::kNoHandle; }
    bool receive(const Deliver& deliver) override;
    Result<std::size_t> send(const Destination& to, std::span<const Envelope> messages) override;
    std::size_t max_frame_bytes() const override { return kMaxDatagramBytes; }
    Result<std::size_t> send_packed(const Destination& to, std::span<const Bytes> frames) override;
    CarrierCounters counters() const override { return counters_; }
    std::vector<FurtherCounter> further_counters() const override { return {}; }
    void stop() override;  // drops messages not yet received

    // Makes send() fail with `code` after `messages` more messages.
    void fail_after(std::size_t messages, Errc code = Errc::no_resources);

private:
    void send_one(const Destination& to, const Envelope& message);
    void put_on_network(const Destination& to, Envelope envelope);
    Error refused() const;

    FakeNetwork& network_;
    IpAddress address_;
    std::deque<OwnedEnvelope> waiting_{};
    CarrierCounters counters_{};
    std::size_t takes_ = SIZE_MAX;
    Errc refusal_ = Errc::no_resources;
};

}  // namespace mailslot
