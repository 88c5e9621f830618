#include "carrier/udp/stream_reporter.h"

#include <array>

#include "wire/frame.h"

namespace mailslot {
namespace {

HeardStream::Arrival arrival_of(const os::Datagram& datagram, const Parcel& parcel) {
    const Envelope& envelope = parcel.envelope;
    HeardStream::Arrival arrival;
    arrival.first = envelope.sequence;
    if (envelope.kind == Kind::fragment) {
        const auto part_end = static_cast<std::uint32_t>(envelope.offset + envelope.payload.size());
        arrival.mark = {envelope.sequence, part_end};
        arrival.messages = part_end == envelope.total_bytes ? 1 : 0;
    } else {
        arrival.messages = static_cast<std::uint32_t>(parcel.size());
        arrival.mark = {envelope.sequence + parcel.size() - 1, 0};
    }
    arrival.bytes = datagram.bytes.size();
    arrival.at = datagram.came_at;
    arrival.families =
        datagram.from.address.family == IpAddress::Family::v4 ? wire::kHearsIpv4 : wire::kHearsIpv6;
    return arrival;
}

}  // namespace

// Returns whether a datagram is of a stream whose writer reads reports: to this machine, or to many
// of which this machine is meant.
bool StreamReporter::has_reports(const os::Datagram& datagram, const Parcel& parcel) const {
    const Envelope& envelope = parcel.envelope;
    const bool is_stream = envelope.kind == Kind::message || envelope.kind == Kind::fragment;
    if (!is_stream || envelope.is_refused || datagram.from.port == 0 || envelope.sequence == 0 ||
        envelope.sequence > kMaxSequence) {
        return false;
    }
    return envelope.scope == Scope::direct ? datagram.to.is_unicast() : takes_ && takes_(parcel);
}

void StreamReporter::hear(const os::Datagram& datagram, const Parcel& parcel, std::size_t socket,
                          std::uint32_t kernel_drops) {
    const Envelope& envelope = parcel.envelope;
    if (!has_reports(datagram, parcel)) return;
    HeardStream::Arrival arrival = arrival_of(datagram, parcel);
    arrival.kernel_drops = kernel_drops;
    const std::string_view domain =
        envelope.trust == Trust::domain ? envelope.domain : std::string_view();
    const std::uint32_t interface = envelope.scope == Scope::direct ? 0 : datagram.interface_index;
    streams_.heard({envelope.origin, datagram.from, datagram.to, domain, socket, interface},
                   arrival);
}

void StreamReporter::send_due(std::span<const os::UdpSocket> sockets) {
    const auto due = streams_.due();
    if (!due && !timer_at_) return;
    const auto now = clock_.now();
    if (due && *due <= now) {
        streams_.report(
            now, [this](const auto& course) { return report_bytes(course); },
            [&](std::size_t socket) {
                const auto buffer = sockets[socket].receive_buffer();
                return HeardStream::Buffer{buffer.bytes, buffer.used};
            },
            [this](const auto& course, const auto& report) { send(course, report); });
    }
    set_timer(now);
}

// A timer that is set too early costs less than setting the timer for each report.
void StreamReporter::set_timer(Clock::Instant now) {
    const auto due = streams_.due();
    const bool is_over = timer_at_ && *timer_at_ <= now;
    const bool is_sooner = due && (!timer_at_ || *due < *timer_at_);
    if (!timer_ || (!is_over && !is_sooner)) return;
    timer_->set(due);
    timer_at_ = due;
}

std::size_t StreamReporter::report_bytes(const HeardStreams::Course& course) {
    constexpr std::size_t kSizeBytes = 2;
    const std::size_t seal = course.domain.empty() ? 0 : wire::kSealBytes;
    return wire::kFrameHeaderBytes + host_.at(clock_.now()).size() + kSizeBytes +
           wire::kReportBytes + seal;
}

void StreamReporter::send(const HeardStreams::Course& course, const wire::Report& report) {
    std::array<std::byte, wire::kReportBytes> payload;
    Envelope envelope;
    envelope.kind = Kind::report;
    envelope.scope = Scope::direct;
    envelope.from_host = host_.at(clock_.now());
    envelope.origin = course.origin;
    envelope.sent_at_us = clock_.unix_microseconds();
    envelope.payload = wire::encode_report(payload, report);
    if (envelope.payload.empty()) return;  // the stream's numbers run past what a report can say
    send_({.scope = Scope::direct,
           .address = course.from.address,
           .port = course.from.port,
           .source = course.to,
           .domain = std::string(course.domain)},
          envelope);
}

}  // namespace mailslot
