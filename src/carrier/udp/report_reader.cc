#include "carrier/udp/report_reader.h"

namespace mailslot {
namespace {

// A flood of forged reports must not hold up the writer.
constexpr int kMostBatches = 4;

// A writer's address for a link-local destination may leave out the link.
bool is_from(Endpoint from, const Endpoint& to) {
    if (to.address.family == IpAddress::Family::none) return from.port == to.port;
    if (to.address.scope_id == 0) from.address.scope_id = 0;
    return from == to;
}

bool is_about(const Envelope& report, const ReportReader::Stream& stream) {
    const bool has_key = report.trust == Trust::domain && report.domain == stream.domain;
    return report.kind == Kind::report && report.origin == stream.origin &&
           (stream.domain.empty() || has_key);
}

}  // namespace

void ReportReader::read(os::UdpSocket& socket, const Stream& stream, const Hear& hear) {
    for (int batches = 0; batches < kMostBatches; ++batches) {
        opener_.begin_batch();
        for (const os::Datagram& datagram : socket.receive(batch_)) {
            Parcel parcel;
            const bool is_taken =
                !datagram.cut && is_from(datagram.from, stream.to) &&
                opener_.take(datagram.bytes, datagram.to, parcel) == trust::Verdict::taken;
            const auto report = is_taken && is_about(parcel.envelope, stream)
                                    ? wire::decode_report(parcel.envelope.payload)
                                    : Error{Errc::bad_packet, "report"};
            if (report) {
                hear(*report, datagram.came_at, datagram.from);
            } else {
                ++dropped_;
            }
        }
        if (!batch_.is_full()) break;
    }
}

}  // namespace mailslot
