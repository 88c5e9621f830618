// Makes a stream to one machine keep the pace of its path: docs/protocol/pace.md. Waits for the
// turn of the next datagrams, and reads the reports that come back meanwhile. The rules are in
// carrier/pace/path_pace.h.
// Threads: one at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "carrier/pace/path_pace.h"
#include "carrier/udp/path_memory.h"
#include "carrier/udp/report_reader.h"
#include "carrier/udp/stream_pacer.h"
#include "carrier/udp/way.h"
#include "model/settings.h"

namespace mailslot {

class PathPacer final : public StreamPacer {
public:
    explicit PathPacer(const Settings& settings);

    // Begins a send by `way`, sealed for `domain` (empty: not sealed). Another way than before is
    // another path, of which nothing is known.
    void begin(Way& way, std::string_view domain);
    std::size_t wait_for_turn(std::span<const Bytes> datagrams, Instant until) override;
    void left(std::span<const Bytes> frames, std::span<const Bytes> datagrams) override;
    // Keeps what is known of the path for later streams, once. Call at the end of a stream.
    void keep_memory();
    // Returns what is known of the path of `way`; nullopt if no stream needed to know anything.
    std::optional<PathInfo> info(const Way& way) const;

private:
    void read_reports(Instant now);
    bool remember();

    const Settings& settings_;
    const SystemClock clock_{};
    const PathMemory memory_{settings_, clock_};
    Way* way_ = nullptr;
    std::string domain_;
    std::optional<PathPace> pace_;
    bool has_looked_for_memory_ = false, has_kept_memory_ = false;
    std::optional<ReportReader> reader_;  // made when a report may have come
    std::uint64_t origin_ = 0;            // of the stream
    Instant turn_at_{};                   // when the last wait ended
    Instant read_at_{};
    std::size_t sent_since_read_ = 0;  // bytes
};

}  // namespace mailslot
