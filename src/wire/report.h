// Payload of a report: how a stream of frames arrives at a machine. Pure.
// Format: docs/protocol/pace.md, "The report".
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "mailslot/result.h"

namespace mailslot::wire {

// A place in a writer's stream: after the whole message `sequence` if `part_end` is 0, else after
// the first `part_end` bytes of that message, which travels in fragments.
struct Mark {
    std::uint64_t sequence = 0;
    std::uint32_t part_end = 0;
    auto operator<=>(const Mark&) const = default;
};

// All counts are totals since the receiver began to count, so a lost report costs nothing.
struct Report {
    std::uint32_t number = 0;        // counts the reports of this stream from 1
    Mark highest{};                  // the furthest place that arrived
    std::uint64_t counted_from = 0;  // sequence of the first message that is counted
    std::uint64_t messages = 0;      // fragmented messages count with their last part
    std::uint64_t bytes = 0;         // of datagrams, without their IP and UDP headers
    std::uint64_t arrived_us = 0;    // when `highest` arrived, by the receiver's steady clock
    std::uint32_t held_us = 0;       // from then until the report left
    // The last `sample_bytes` arrived within `sample_us`. Both 0: not known.
    std::uint32_t sample_bytes = 0, sample_us = 0;
    std::uint32_t kernel_drops = 0;  // of the receiving socket, since the count began
    std::uint32_t buffer_bytes = 0, buffer_used = 0;  // of the receiving socket
    std::uint8_t families = 0;  // kHearsIpv4, kHearsIpv6: copies of the writer's stream, lately
    bool operator==(const Report&) const = default;
};

inline constexpr std::uint8_t kHearsIpv4 = 0x01, kHearsIpv6 = 0x02;
inline constexpr std::size_t kReportBytes = 73;

// Returns empty bytes if the buffer is too small or decode_report would refuse the report.
Bytes encode_report(std::span<std::byte> buffer, const Report& report);
// Errors: bad_packet.
Result<Report> decode_report(Bytes payload);

}  // namespace mailslot::wire
