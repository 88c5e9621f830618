// Reads the reports about a stream from the socket that sends the stream.
// Threads: one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "model/ip_address.h"
#include "os/udp_socket.h"
#include "trust/opener.h"
#include "wire/report.h"

namespace mailslot {

class ReportReader {
public:
    // A stream to one machine or to many, and the key that seals the stream.
    struct Stream {
        std::uint64_t origin = 0;
        Endpoint to{};              // to many: without an address
        std::string_view domain{};  // whose key seals the stream; empty: not sealed
    };
    // Takes a report, when it came, and from where.
    using Hear =
        std::function<void(const wire::Report&, Clock::Instant came_at, const Endpoint& from)>;

    explicit ReportReader(std::shared_ptr<trust::Keys> keys)
        : batch_(kReports, kReportDatagramBytes), opener_(std::move(keys), clock_, windows_) {}

    // Reads what waits in the socket; never blocks. Drops all that is no report from where the
    // stream goes (to many: from the port to which the stream goes), and for a sealed stream all that the stream's key does not open.
    void read(os::UdpSocket& socket, const Stream& stream, const Hear& hear);
    std::uint64_t dropped() const { return dropped_; }

private:
    static constexpr std::size_t kReports = 16;
    static constexpr std::size_t kReportDatagramBytes = 1200;  // with the longest names, and sealed

    const SystemClock clock_{};
    os::DatagramBatch batch_;
    trust::ReplayWindows windows_;
    trust::Opener opener_;
    std::uint64_t dropped_ = 0;
};

}  // namespace mailslot
