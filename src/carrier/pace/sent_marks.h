// Remembers when each part of a stream left by a way, so that a report about a place in the stream
// can be compared with the sending: docs/protocol/pace.md, "What the writer remembers". Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "wire/report.h"

namespace mailslot {

// Entries that are kept: the pieces of 2 s at 1 ms each, or 256 MiB in full pieces.
inline constexpr std::size_t kMostSentMarks = 4096;

class SentMarks {
public:
    using Instant = std::chrono::steady_clock::time_point;

    struct Sent {
        wire::Mark from{}, mark{};  // where the first datagram begins and the last ends
        std::uint64_t bytes = 0;    // sent by this way in all, up to the mark
        Instant left{};
        bool is_paced = false;  // waited for its turn: the writer had more than the path could take
    };

    // Datagrams of `bytes` left together: the stream from `from` to `mark`. Marks rise.
    void left(wire::Mark from, wire::Mark mark, std::size_t bytes, bool is_paced, Instant now);
    // Returns what left up to `mark`; interpolates within datagrams that left together. Returns
    // nullopt if this place was never sent by this way, or is forgotten.
    std::optional<Sent> find(wire::Mark mark) const;
    std::uint64_t bytes() const { return bytes_; }

private:
    const Sent& at(std::uint64_t index) const { return ring_[index % ring_.size()]; }
    void make_room();

    std::vector<Sent> ring_;
    std::uint64_t begin_ = 0, end_ = 0;  // indexes of the oldest entry, and after the newest
    std::uint64_t bytes_ = 0;
    std::uint64_t last_begun_at_ = 0;  // bytes_ before the newest entry
};

}  // namespace mailslot
