// Makes a stream to many machines keep the pace of its slowest reader: docs/protocol/pace.md,
// "Groups". Waits for the turn of the next datagrams, and reads the reports that come back to the
// sockets of all ways meanwhile. The rules are in carrier/pace/group_pace.h.
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "carrier/carrier_writer.h"
#include "carrier/pace/group_pace.h"
#include "carrier/udp/report_reader.h"
#include "carrier/udp/stream_pacer.h"
#include "carrier/udp/way.h"
#include "model/settings.h"

namespace mailslot {

class GroupPacer final : public StreamPacer {
public:
    explicit GroupPacer(const Settings& settings) : settings_(settings) {}

    // Begins a send by these ways, sealed for `domain` (empty: not sealed).
    void begin(std::span<Way* const> ways, std::string_view domain);
    std::size_t wait_for_turn(std::span<const Bytes> datagrams, Instant until) override;
    void left(std::span<const Bytes> frames, std::span<const Bytes> datagrams) override;
    // Returns what is known of the slowest reader's path, for each way of the last send; nullopt if
    // no stream needed to know anything.
    std::optional<PathInfo> info(const Way& way) const;

private:
    void read_reports(Instant now);

    const Settings& settings_;
    std::vector<Way*> ways_;
    std::vector<os::UdpSocket*> sockets_;  // of the ways; each once
    std::string domain_;
    std::optional<GroupPace> pace_;
    std::optional<ReportReader> reader_;  // made when a report may have come
    std::uint64_t origin_ = 0;            // of the stream
    Instant turn_at_{};                   // when the last wait ended
    Instant read_at_{};
    std::size_t sent_since_read_ = 0;  // bytes, each copy
};

}  // namespace mailslot
