// Sends a writer's messages by several carriers. The first is the main carrier: it decides which
// messages fit, and its errors and its loss are the writer's. The others get what the main carrier
// has taken, as far as they can; their errors do not count, because the main carrier may reach the
// machine.
// Threads: one at a time.
#pragma once

#include <memory>
#include <vector>

#include "carrier/carrier_writer.h"

namespace mailslot {

class WriterGroup final : public CarrierWriter {
public:
    using Writers = std::vector<std::unique_ptr<CarrierWriter>>;
    explicit WriterGroup(Writers writers) : writers_(std::move(writers)) {}  // at least one

    Result<std::size_t> how_many_fit(std::span<const std::string_view> texts, Form form) override {
        return main().how_many_fit(texts, form);
    }
    Result<std::size_t> put(const Batch& batch) override;
    bool has_used_next() const override { return main().has_used_next(); }
    bool wants_room() const override { return main().wants_room(); }
    void hold_nothing() override;
    std::optional<Clock::Instant> due() const override;
    void send_held() override;
    void flush() override;
    void finish() override;
    std::optional<Error> take_late_error() override { return main().take_late_error(); }
    void end(std::uint64_t next_sequence) override;
    Departures departures() const override { return main().departures(); }

private:
    CarrierWriter& main() const { return *writers_.front(); }

    const Writers writers_;
};

}  // namespace mailslot
