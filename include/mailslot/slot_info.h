// The slots of this machine, and the senders that they have heard.
// Threads: any.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailslot/result.h"
#include "mailslot/types.h"

namespace mailslot {

struct SlotInfo {
    std::string name;
    std::int64_t reader_pid = 0;  // the reading process

    // As the slot was created.
    std::size_t max_message_bytes = 0, max_bytes = 0, max_messages = 0;
    WhenFull when_full{};
    Trust require{};
    Order order{};
    Timeout read_timeout{};  // as last set

    // At present.
    std::uint64_t messages = 0, bytes = 0;          // waiting
    std::optional<std::size_t> next_message_bytes;  // nullopt: no message waits
    std::uint64_t senders = 0;                      // writers on other machines, remembered

    // Since the slot was created.
    std::uint64_t received = 0;           // put into the slot: read, waiting or dropped
    std::uint64_t received_bytes = 0;     // their payload
    std::uint64_t repeats = 0;            // further copies of a message, dropped
    std::uint64_t senders_forgotten = 0;  // silent for longest; made room for other senders
    Losses lost;
};

// A writer on another machine, as the post office here knows it.
struct SenderInfo {
    std::uint64_t origin = 0;             // these three as in its messages
    std::string from_host, from_address;  // of its first message
    std::uint64_t received = 0, repeats = 0;
    Losses lost;                          // its part of the slot's losses
    std::uint64_t lost_untold = 0;        // lost, but not yet in any lost_before
    std::uint64_t told_then_arrived = 0;  // counted in a lost_before, then delivered late
    std::chrono::system_clock::time_point last_heard{};
};

// Returns the slots of this machine that this user may see.
// Errors: no_permission, no_resources, bad_config, interrupted.
MAILSLOT_API Result<std::vector<SlotInfo>> list(Interrupted interrupted = nullptr);

// Returns a slot of this machine, which may be another process's.
// Errors: as list(), and bad_name, no_such_slot.
MAILSLOT_API Result<SlotInfo> info(std::string_view name, Interrupted interrupted = nullptr);

// Returns the writers on other machines that a slot of this user has heard, in the order first
// heard. At most 65,536 are remembered for all slots together. The losses of a forgotten sender
// remain in the slot's.
// Errors: as info(), and timed_out; unreachable, if this machine has no post office at present.
MAILSLOT_API Result<std::vector<SenderInfo>> senders(std::string_view name,
                                                     Interrupted interrupted = nullptr);

}  // namespace mailslot
