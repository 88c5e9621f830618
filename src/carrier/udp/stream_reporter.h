// Tells the writers of streams how their datagrams arrive at this machine:
// docs/protocol/pace.md, "The receiver". The table and the rules are in carrier/pace/.
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "base/clock.h"
#include "carrier/carrier.h"
#include "carrier/pace/heard_streams.h"
#include "model/own_host.h"
#include "model/parcel.h"
#include "model/settings.h"
#include "os/timer.h"
#include "os/udp_socket.h"

namespace mailslot {

class StreamReporter {
public:
    // Sends a report.
    using Send = std::function<void(const Destination& to, const Envelope& report)>;
    // Returns whether a slot here takes the messages of a stream to many.
    using Takes = std::function<bool(const Parcel&)>;

    // `timer`: becomes readable when send_due() has work; none: reports leave with later datagrams.
    StreamReporter(const Settings& settings, const Clock& clock, std::optional<os::Timer> timer,
                   Send send)
        : host_(settings), clock_(clock), timer_(std::move(timer)), send_(std::move(send)) {}

    // Streams to many are reported if `takes` says so; none: never.
    void report_groups(Takes takes) { takes_ = std::move(takes); }
    // Notes a datagram that was taken from `socket` and decoded. `kernel_drops`: of that socket.
    void hear(const os::Datagram& datagram, const Parcel& parcel, std::size_t socket,
              std::uint32_t kernel_drops);
    // Sends all reports that are due. `sockets`: those that hear() named.
    void send_due(std::span<const os::UdpSocket> sockets);
    std::optional<os::Handle> timer_fd() const {
        return timer_ ? std::optional(timer_->fd()) : std::nullopt;
    }

private:
    bool has_reports(const os::Datagram& datagram, const Parcel& parcel) const;
    void send(const HeardStreams::Course& course, const wire::Report& report);
    std::size_t report_bytes(const HeardStreams::Course& course);
    void set_timer(Clock::Instant now);

    OwnHost host_;
    const Clock& clock_;
    std::optional<os::Timer> timer_;
    std::optional<Clock::Instant> timer_at_;
    const Send send_;
    Takes takes_{};
    HeardStreams streams_;
};

}  // namespace mailslot
