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
    explicit GroupPacer(const Settings& settings) : StreamPacer(settings) {}

    // Begins a send by these ways, sealed for `domain` (empty: not sealed).
    void begin(std::span<Way* const> ways, std::string_view domain);
    // Returns what is known of the slowest reader's path, for each way of the last send; nullopt if
    // no stream needed to know anything.
    std::optional<PathInfo> info(const Way& way) const;

private:
    std::size_t quantum() const override { return pace_->quantum(); }
    Duration wait(std::size_t bytes, Instant now) override { return pace_->wait(bytes, now); }
    void note_left(wire::Mark from, wire::Mark mark, std::size_t bytes, Instant now) override {
        pace_->left(from, mark, bytes, now);
    }
    void hear_reports(Instant now) override;
    void wait_for_report(Duration most) override {
        os::UdpSocket::wait_for_datagram(sockets_, most);
    }

    std::vector<Way*> ways_;
    std::vector<os::UdpSocket*> sockets_;  // of the ways; each once
    std::optional<GroupPace> pace_;
};

}  // namespace mailslot
