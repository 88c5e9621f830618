// A stream as its receiver hears it: counts what arrives, and says when a report is due and what
// it says. docs/protocol/pace.md, "The receiver". Pure.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "wire/report.h"

namespace mailslot {

// A stream brings this much within a second. Less gets no report.
inline constexpr std::size_t kStreamBytes = 16 * 1024;
// Reports have at most this share of the bytes that they answer: a fiftieth.
inline constexpr std::size_t kBytesForReportByte = 50;

class HeardStream {
public:
    using Instant = std::chrono::steady_clock::time_point;

    struct Arrival {
        std::uint64_t first = 0;     // sequence of the datagram's first message
        wire::Mark mark{};           // where the datagram ends
        std::uint32_t messages = 0;  // messages that it completes
        std::size_t bytes = 0;
        Instant at{};                    // when it came to this machine
        std::uint8_t families = 0;       // wire::kHearsIpv4 or wire::kHearsIpv6
        std::uint32_t kernel_drops = 0;  // of the socket, when it came
    };
    struct Buffer {
        std::uint32_t bytes = 0, used = 0;
    };

    void heard(const Arrival& arrival);
    // Returns when the next report is due, if nothing more comes; nullopt: not before more comes.
    std::optional<Instant> due() const;
    // Returns the report if one is due at `now` and may have `report_bytes`.
    std::optional<wire::Report> report(Instant now, std::size_t report_bytes, Buffer buffer);
    Instant heard_at() const { return last_at_; }

private:
    // How much had come when.
    struct Point {
        Instant at{};
        std::uint64_t bytes = 0;
    };

    void note_point();
    void sample(wire::Report& report) const;

    wire::Mark highest_{};
    Instant highest_at_{}, last_at_{}, reported_at_{}, window_begun_{};
    std::uint64_t counted_from_ = 0, messages_ = 0, bytes_ = 0;
    std::uint64_t reported_bytes_ = 0, window_bytes_ = 0;
    std::uint64_t spent_ = 0;  // bytes of reports
    std::uint32_t number_ = 0;
    std::uint32_t drops_at_first_ = 0, drops_ = 0, reported_drops_ = 0;
    std::uint8_t families_ = 0;
    bool is_stream_ = false;
    std::array<Point, 16> points_{};
    std::size_t points_used_ = 0;
    std::size_t point_step_ = 0;  // bytes between points
};

}  // namespace mailslot
