// Counters of the post office: in all, for a slot, for a sender. Meanings: docs/post-office.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mailslot/types.h"
#include "model/ip_address.h"
#include "model/losses.h"

namespace mailslot::post {

struct OfficeCounters {
    std::uint64_t envelopes = 0;      // handed over by carriers
    std::uint64_t delivered = 0;      // messages that slots took
    std::uint64_t own = 0;            // from this machine, already in the slot
    std::uint64_t not_for_us = 0;     // for another machine or domain
    std::uint64_t ignored = 0;        // queries and answers
    std::uint64_t bad = 0;            // envelopes that contradict themselves
    std::uint64_t bad_fragments = 0;  // fragments that contradict themselves or earlier parts
    std::uint64_t no_such_slot = 0;   // messages; a fragmented message by its first fragment
    std::uint64_t repeats = 0;        // whole messages that had arrived before, too_old included
    std::uint64_t too_old = 0;        // numbers below the window, taken for repeats
    std::uint64_t fragment_repeats = 0;
    std::uint64_t senders_forgotten = 0;
    Losses lost;  // in all slots, including closed ones

    std::uint64_t senders = 0;             // remembered now
    std::uint64_t half_arrived = 0;        // messages, now
    std::uint64_t half_arrived_bytes = 0;  // including the cost of keeping

    bool operator==(const OfficeCounters&) const = default;
};

// The counters of the office under their own names. Losses have the names of their causes.
struct OfficeCounter {
    std::string_view name;
    std::uint64_t OfficeCounters::*count;
    bool is_level = false;  // looked up, not kept: may go down
};

inline constexpr OfficeCounter kOfficeCounters[] = {
    {"envelopes", &OfficeCounters::envelopes},
    {"delivered", &OfficeCounters::delivered},
    {"own", &OfficeCounters::own},
    {"not_for_us", &OfficeCounters::not_for_us},
    {"ignored", &OfficeCounters::ignored},
    {"bad", &OfficeCounters::bad},
    {"bad_fragments", &OfficeCounters::bad_fragments},
    {"no_such_slot", &OfficeCounters::no_such_slot},
    {"repeats", &OfficeCounters::repeats},
    {"too_old", &OfficeCounters::too_old},
    {"fragment_repeats", &OfficeCounters::fragment_repeats},
    {"senders_forgotten", &OfficeCounters::senders_forgotten},
    {"senders", &OfficeCounters::senders, true},
    {"half_arrived", &OfficeCounters::half_arrived, true},
    {"half_arrived_bytes", &OfficeCounters::half_arrived_bytes, true},
};
static_assert(sizeof(OfficeCounters) == sizeof(Losses) + sizeof(kOfficeCounters) /
                                                             sizeof(OfficeCounter) *
                                                             sizeof(std::uint64_t));

struct SlotCounters {
    std::uint64_t received = 0;  // put into the slot
    std::uint64_t repeats = 0;   // too_old included
    std::uint64_t too_old = 0;
    std::uint64_t senders = 0;  // remembered now
    std::uint64_t senders_forgotten = 0;
    Losses lost;

    bool operator==(const SlotCounters&) const = default;
};

struct SenderCounters {
    std::uint64_t origin = 0;
    std::string host;
    IpAddress address{};  // address of the first word heard
    std::uint64_t received = 0, repeats = 0;
    Losses lost;
    std::uint64_t lost_untold = 0;        // lost, but not reported in any lost_before yet
    std::uint64_t told_then_arrived = 0;  // reported lost, then delivered late
    Clock::Instant last_heard{};

    bool operator==(const SenderCounters&) const = default;
};

// A page of a slot's senders, in the order first heard.
struct SenderPage {
    std::vector<SenderCounters> senders;
    std::optional<std::uint64_t> next;  // start of the next page, if there is any
};

}  // namespace mailslot::post
