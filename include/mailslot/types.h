// The small types that the whole library shares.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "mailslot/result.h"

namespace mailslot {

using Timeout = std::chrono::milliseconds;
inline constexpr Timeout kForever{-1};
inline constexpr Timeout kSlotDefault{-2};  // the read_timeout that the slot was created with

// How a message is to be read, as its writer says.
enum class Format : std::uint8_t {
    bytes,
    text,     // UTF-8
    value,    // a plain value: value.h
    unknown,  // the writer could not say, as in classic Windows messages
};

// How sure we are of the sender.
enum class Trust : std::uint8_t {
    none,    // came over the network, not sealed: anybody may have written it
    domain,  // sealed with the key of a domain: docs/trust.md
    local,   // put on this machine; counts as more than domain
};

// Users of this machine that may write to a slot.
enum class Access : std::uint8_t { owner, group, everybody };

// Treatment of a new message by a full slot.
enum class WhenFull : std::uint8_t {
    refuse,       // the writer gets Errc::slot_full
    drop_oldest,  // drops the oldest message that waits: Losses::dropped_oldest
};

// The order in which a slot gets the messages of a writer on another machine.
enum class Order : std::uint8_t {
    kept,         // as they were put; a message that overtook another waits for it, up to 20 ms
    as_it_comes,  // each at once; lost_before may then count messages that still arrive
};

// A short named text that travels with a message, {"level", "30"}: docs/protocol/labels.md
struct Label {
    std::string_view name, value;
};

// Returns whether a signal has come for which the caller wants to end the wait. The wait then ends
// with Errc::interrupted, and the caller may repeat the call for the rest of the time. Called
// before each sleep of the calling thread, and when a signal ends a sleep; if another thread took
// the signal, within 100 ms. Must not call this library. Null: signals end no wait.
using Interrupted = bool (*)();

// Messages of an interrupted put that went to other machines, but not to the slot here. To go on,
// give the same object to the next put, with the messages that were not taken.
struct Unfinished {
    std::uint64_t origin = 0, first_sequence = 0, messages = 0;
};

// Messages that did not reach the slot or its reader, by cause, since the slot was created.
struct Losses {
    // At the slot.
    std::uint64_t slot_full = 0;  // refused for want of room; a local writer was told
    // Dropped to make room for newer messages; counted in the writer's next lost_before. Until they
    // are dropped, an eighth more than max_messages (at least 4096) may wait for a moment.
    std::uint64_t dropped_oldest = 0;
    std::uint64_t message_too_big = 0;  // refused for the size; a local writer was told
    // On the way from another machine.
    std::uint64_t network_gap = 0;         // never arrived
    std::uint64_t kernel_drop = 0;         // never arrived, while this kernel dropped datagrams
    std::uint64_t fragment_timed_out = 0;  // arrived in part
    // Arrived, and refused.
    std::uint64_t not_trusted = 0, over_limit = 0;
    // In the slot.
    std::uint64_t bad_record = 0;  // dropped because shared memory was tampered with

    MAILSLOT_API std::uint64_t total() const;
    bool operator==(const Losses&) const = default;
};

// A cause of losses. Commands, JSON, metrics, the Python module and the wire formats all follow
// the table below.
struct LossCause {
    // The process that adds to a slot's count: a writer that is refused, the post office of this
    // machine, or the reader, in memory of its own.
    enum class By : std::uint8_t { writer, office, reader };

    std::string_view name;  // the member's, and the same everywhere
    std::uint64_t Losses::*count;
    By counted_by;
    std::string_view help;
};

inline constexpr LossCause kLossCauses[] = {
    {"slot_full", &Losses::slot_full, LossCause::By::writer, "Refused for want of room."},
    {"dropped_oldest", &Losses::dropped_oldest, LossCause::By::reader,
     "Dropped to make room for newer messages."},
    {"message_too_big", &Losses::message_too_big, LossCause::By::writer, "Refused for the size."},
    {"network_gap", &Losses::network_gap, LossCause::By::office, "Never arrived."},
    {"kernel_drop", &Losses::kernel_drop, LossCause::By::office,
     "Never arrived, while this machine's kernel dropped datagrams."},
    {"fragment_timed_out", &Losses::fragment_timed_out, LossCause::By::office, "Arrived in part."},
    {"not_trusted", &Losses::not_trusted, LossCause::By::office, "Refused for want of trust."},
    {"over_limit", &Losses::over_limit, LossCause::By::office,
     "Refused because of a limit that protects this machine."},
    {"bad_record", &Losses::bad_record, LossCause::By::reader,
     "Dropped because shared memory was tampered with."},
};
static_assert(sizeof(Losses) == sizeof(kLossCauses) / sizeof(LossCause) * sizeof(std::uint64_t),
              "every member has a row, in the same order");

}  // namespace mailslot
