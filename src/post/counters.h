// What the post office counts: in all, for a slot, for a sender. Meaning of each:
// docs/office.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/saturating.h"
#include "model/ip_address.h"

namespace mailslot::post {

// Why a message for a slot of this machine is not in it.
enum class Loss : std::uint8_t {
    network_gap,         // never seen here
    kernel_drop,         // nor these, and the kernel dropped something at our sockets meanwhile
    fragment_timed_out,  // parts of it were
    over_limit,          // parts of it were, and had to make room
    slot_full,
    message_too_big,
    not_trusted,  // by the slot's `require`, or by the seal that its domain asks for
    refused,      // the slot gave another reason: no_permission, or damage
};

struct LossCounters {
    std::uint64_t network_gap = 0, kernel_drop = 0, fragment_timed_out = 0, over_limit = 0;
    std::uint64_t slot_full = 0, message_too_big = 0, refused = 0;
    std::uint64_t not_trusted = 0;

    std::uint64_t& of(Loss cause) {
        switch (cause) {
            case Loss::network_gap:
                return network_gap;
            case Loss::kernel_drop:
                return kernel_drop;
            case Loss::fragment_timed_out:
                return fragment_timed_out;
            case Loss::over_limit:
                return over_limit;
            case Loss::slot_full:
                return slot_full;
            case Loss::message_too_big:
                return message_too_big;
            case Loss::not_trusted:
                return not_trusted;
            case Loss::refused:
                break;
        }
        return refused;
    }
    std::uint64_t total() const {
        std::uint64_t sum = 0;
        for (const std::uint64_t count : {network_gap, kernel_drop, fragment_timed_out, over_limit,
                                          slot_full, message_too_big, refused, not_trusted}) {
            count_up(sum, count);
        }
        return sum;
    }
    bool operator==(const LossCounters&) const = default;
};

struct OfficeCounters {
    std::uint64_t envelopes = 0;      // that carriers handed over
    std::uint64_t delivered = 0;      // messages that slots took
    std::uint64_t own = 0;            // this machine's own, in the slot already
    std::uint64_t not_for_us = 0;     // for another machine or domain
    std::uint64_t ignored = 0;        // queries and answers
    std::uint64_t bad = 0;            // envelopes that contradict themselves
    std::uint64_t bad_fragments = 0;  // fragments that contradict themselves or the ones before
    std::uint64_t no_such_slot = 0;   // messages; a fragmented one by its first fragment
    std::uint64_t repeats = 0;        // whole messages that had arrived before, too_old included
    std::uint64_t too_old = 0;        // below the window: taken for repeats
    std::uint64_t fragment_repeats = 0;
    std::uint64_t senders_forgotten = 0;
    LossCounters lost;  // of all slots, of closed ones too

    std::uint64_t senders = 0;             // remembered now
    std::uint64_t half_arrived = 0;        // messages now
    std::uint64_t half_arrived_bytes = 0;  // what they are charged

    bool operator==(const OfficeCounters&) const = default;
};

struct SlotCounters {
    std::uint64_t received = 0;  // put into the slot
    std::uint64_t repeats = 0;   // too_old included
    std::uint64_t too_old = 0;
    std::uint64_t senders = 0;  // remembered now
    std::uint64_t senders_forgotten = 0;
    LossCounters lost;

    bool operator==(const SlotCounters&) const = default;
};

struct SenderCounters {
    std::uint64_t origin = 0;
    std::string host;
    IpAddress address{};  // of the first word heard
    std::uint64_t received = 0, repeats = 0;
    LossCounters lost;
    std::uint64_t lost_untold = 0;        // no delivered message has told of these yet
    std::uint64_t told_then_arrived = 0;  // a lost_before had told of these; they came after all
    Clock::Instant last_heard{};

    bool operator==(const SenderCounters&) const = default;
};

// Some senders of a slot, in the order first heard.
struct SenderPage {
    std::vector<SenderCounters> senders;
    std::optional<std::uint64_t> next;  // where the next page begins, if there is one
};

}  // namespace mailslot::post
