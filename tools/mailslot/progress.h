// Says how far a stream has come: "37 %, 12.3 of 33.2 MiB, 11.2 MiB/s, 2 s left". Pure.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace mailslot::cli {

class Progress {
public:
    using Instant = std::chrono::steady_clock::time_point;

    // `total`: bytes of the whole stream, if known.
    Progress(std::optional<std::uint64_t> total, Instant begun);

    // `bytes` of the stream were put, with so many messages. Returns the line to show; nullopt if
    // the last line is too new, or the stream has only just begun.
    std::optional<std::string> line(std::uint64_t bytes, std::uint64_t messages, Instant now);

private:
    struct Point {
        Instant at{};
        std::uint64_t bytes = 0;
    };
    // Lines over which the rate is taken: 2 s.
    static constexpr std::size_t kPoints = 20;

    const std::optional<std::uint64_t> total_;
    Instant next_line_;
    std::array<Point, kPoints> points_{};
    std::size_t count_ = 0;
};

}  // namespace mailslot::cli
