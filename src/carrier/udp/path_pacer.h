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
    explicit PathPacer(const Settings& settings) : StreamPacer(settings) {}

    // Begins a send by `way`, sealed for `domain` (empty: not sealed). Another way than before is
    // another path, of which nothing is known.
    void begin(Way& way, std::string_view domain);
    // Keeps what is known of the path for later streams, once. Call at the end of a stream.
    void keep_memory();
    // Returns what is known of the path of `way`; nullopt if no stream needed to know anything.
    std::optional<PathInfo> info(const Way& way) const;

private:
    std::size_t quantum() const override { return pace_->quantum(); }
    Duration wait(std::size_t bytes, Instant now) override { return pace_->wait(bytes, now); }
    void note_left(wire::Mark from, wire::Mark mark, std::size_t bytes, Instant now) override {
        pace_->left(from, mark, bytes, now);
    }
    bool remember() override;
    void hear_reports(Instant now) override;
    void wait_for_report(Duration most) override { way_->socket()->wait_for_datagram(most); }

    const SystemClock clock_{};
    const PathMemory memory_{settings_, clock_};
    Way* way_ = nullptr;
    std::optional<PathPace> pace_;
    bool has_looked_for_memory_ = false, has_kept_memory_ = false;
};

}  // namespace mailslot
