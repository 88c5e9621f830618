// State of a post office on its way to its successor: docs/protocol/office-state.md.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "model/envelope.h"
#include "model/limits.h"
#include "model/losses.h"

namespace mailslot::wire {

// A bit for each number in a sender's window.
using WindowBits = std::array<std::uint64_t, kRepeatWindow / 64>;

struct SlotState {
    std::uint64_t memory = 0;  // identifies the slot's memory: its file's number
    std::int64_t opened_at = 0, forgot_until = 0;
    std::array<std::uint64_t, 4 + kCauses> counters{};  // losses last
    std::string_view key{};
};

// A sender's lost numbers by cause, if not the usual cause.
struct CauseBits {
    WindowBits timed_out{}, evicted{}, dropped{};
};

struct SenderState {
    std::uint64_t origin = 0, next = 0, counted_from = 0;
    std::int64_t last_heard = 0;
    std::uint64_t received = 0, repeats = 0;
    LossNumbers lost{};
    std::uint64_t lost_untold = 0, told_then_arrived = 0, told_below = 0;
    IpAddress address{};
    WindowBits arrived{};
    std::optional<CauseBits> causes{};
    std::string_view host{};
};

struct PartState {
    std::int64_t last_part = 0;
    Envelope part{};  // kind fragment
};

// The sealed datagrams that came from one sealing process: trust/replay_windows.h. A record with
// sender_id and epoch 0 describes no process: `sent_at` is the latest time at which a forgotten
// process sent, `highest` the latest time at which any process sent.
struct SealerState {
    std::uint64_t sender_id = 0, epoch = 0, highest = 0;
    std::int64_t last_heard = 0;
    WindowBits seen{};
    std::int64_t sent_at = 0;  // the latest, in Unix microseconds
};

// The numbers by which the machine knows its own datagrams: post/machine_ids.h.
struct MachineState {
    std::uint64_t conflicts = 0, present = 0;
    std::vector<std::uint64_t> former{};
};

using OfficeNumbers = std::array<std::uint64_t, 12 + kCauses>;  // losses last

class OfficeStateWriter {
public:
    OfficeStateWriter();

    void put(const OfficeNumbers& counters);
    void put(const SlotState& slot);
    void put(const SenderState& sender);  // belongs to the last slot
    void put(const PartState& part);      // belongs to the last slot
    void put(const SealerState& sealer);
    void put(const MachineState& machine);

    std::vector<std::byte> take() { return std::move(bytes_); }

private:
    void append(std::uint8_t tag, Bytes content);

    std::vector<std::byte> bytes_;
};

// Receives each record. A callback returns false if the record makes no sense; reading ends there.
// Views borrow the bytes.
struct OfficeStateVisitor {
    std::function<bool(const OfficeNumbers&)> counters;
    std::function<bool(const SlotState&)> slot;
    std::function<bool(const SenderState&)> sender;
    std::function<bool(const PartState&)> part;
    std::function<bool(const SealerState&)> sealer;
    std::function<bool(const MachineState&)> machine = [](const MachineState&) { return true; };
};
// Returns false if reading ended before the bytes did.
bool read_office_state(Bytes bytes, const OfficeStateVisitor& visitor);

}  // namespace mailslot::wire
