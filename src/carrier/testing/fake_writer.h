// Writes to a FakeNetwork. Sends what put() gets at once, and holds what hold() gets, as the real
// writers may.
// Threads: one.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "carrier/carrier_writer.h"
#include "carrier/testing/fake_carrier.h"
#include "carrier/testing/owned_envelope.h"

namespace mailslot {

class FakeWriter final : public CarrierWriter {
public:
    FakeWriter(const WriterNeeds& needs, FakeNetwork& network, const IpAddress& from)
        : needs_(needs), carrier_(network, from) {}

    Result<std::size_t> how_many_fit(std::span<const std::string_view> texts, Form form) override;
    Result<std::size_t> put(const Batch& batch) override;
    bool hold(const wire::FrameRecord& message) override;
    void hold_nothing() override { may_hold_ = false; }
    std::optional<Clock::Instant> due() const override { return due_; }
    void send_held() override { flush(); }
    void flush() override;
    std::optional<Error> take_late_error() override {
        return std::exchange(late_error_, std::nullopt);
    }
    void end(std::uint64_t next_sequence) override;
    Departures departures() const override { return {lost_, {}}; }

    // Makes sending fail after `messages` more messages.
    void fail_after(std::size_t messages, Errc code) { carrier_.fail_after(messages, code); }

private:
    Envelope envelope(std::uint64_t sequence, std::int64_t sent_at_us) const;

    const WriterNeeds needs_;
    FakeCarrier carrier_;
    std::vector<OwnedEnvelope> held_;
    std::optional<Clock::Instant> due_;
    std::optional<Error> late_error_;
    bool may_hold_ = true;
    std::uint64_t lost_ = 0;
};

}  // namespace mailslot
