// Makes a stream keep the pace that its readers' reports tell: of one machine (path_pacer.h), or of
// many (group_pacer.h). docs/protocol/pace.md.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>

#include "base/bytes.h"
#include "carrier/carrier_writer.h"
#include "carrier/pace/heard_stream.h"
#include "carrier/pace/path_pace.h"
#include "model/settings.h"

namespace mailslot {

// Threads: one at a time.
class StreamPacer {
public:
    using Instant = PathPace::Instant;
    using Duration = PathPace::Duration;

    virtual ~StreamPacer() = default;

    // Waits, asleep, until the first datagrams may leave, but not longer than `until`. Returns how
    // many may leave together; 0 if the time was over.
    virtual std::size_t wait_for_turn(std::span<const Bytes> datagrams, Instant until) = 0;
    // The frames left after wait_for_turn(). `datagrams` are the frames, sealed or not.
    virtual void left(std::span<const Bytes> frames, std::span<const Bytes> datagrams) = 0;
};

// Reports are read as often as they may come: a stream gets none for less than this, nor later than
// this after its end.
inline constexpr std::size_t kReadEach = kStreamBytes;
inline constexpr std::chrono::milliseconds kReadAfter{10};

// Tells of a path beyond its first burst.
PathInfo path_info(const PathPace& pace);
PathPace::Limits path_limits(const Settings& settings);
std::size_t bytes_of(std::span<const Bytes> datagrams);
// Returns how many of the datagrams, from the first on, have at most `most` bytes; at least 1.
std::size_t count_up_to(std::span<const Bytes> datagrams, std::size_t most);

}  // namespace mailslot
