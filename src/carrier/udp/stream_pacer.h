// Makes a stream keep the pace that its readers' reports tell: of one machine (path_pacer.h), or of
// many (group_pacer.h). docs/protocol/pace.md.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "carrier/carrier_writer.h"
#include "carrier/pace/path_pace.h"
#include "carrier/udp/report_reader.h"
#include "model/settings.h"
#include "os/udp_socket.h"

namespace mailslot {

// Threads: one at a time.
class StreamPacer {
public:
    using Instant = PathPace::Instant;
    using Duration = PathPace::Duration;

    virtual ~StreamPacer() = default;

    // Waits, asleep, until the first datagrams may leave, but not longer than `until`. Returns how
    // many may leave together; 0 if the time was over.
    std::size_t wait_for_turn(std::span<const Bytes> datagrams, Instant until);
    // The frames left after wait_for_turn(). `datagrams` are the frames, sealed or not.
    void left(std::span<const Bytes> frames, std::span<const Bytes> datagrams);

protected:
    explicit StreamPacer(const Settings& settings) : settings_(settings) {}
    // Begins a send, sealed for `domain` (empty: not sealed).
    void begin_send(std::string_view domain) { domain_ = domain; }
    // Begins with a pace to which nothing was sent.
    void begin_pace() { sent_since_read_ = 0; }
    // Reads the reports that came to a socket, from `to`, about the present stream.
    void read_reports_of(os::UdpSocket& socket, const Endpoint& to, const ReportReader::Hear& hear);

    const Settings& settings_;

private:
    // As the pace's functions.
    virtual std::size_t quantum() const = 0;
    virtual Duration wait(std::size_t bytes, Instant now) = 0;
    virtual void note_left(wire::Mark from, wire::Mark mark, std::size_t bytes, Instant now) = 0;
    // Returns whether something was learned elsewhere that may shorten the wait.
    virtual bool remember() { return false; }
    virtual void hear_reports(Instant now) = 0;
    virtual void wait_for_report(Duration most) = 0;

    void read_reports(Instant now);

    std::string domain_;
    std::optional<ReportReader> reader_;  // made when a report may have come
    std::uint64_t origin_ = 0;            // of the stream
    Instant turn_at_{};                   // when the last wait ended
    Instant read_at_{};
    std::size_t sent_since_read_ = 0;  // bytes, each copy
};

// Tells of a path beyond its first burst.
PathInfo path_info(const PathPace& pace);
PathPace::Limits path_limits(const Settings& settings);

}  // namespace mailslot
