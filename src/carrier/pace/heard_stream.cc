#include "carrier/pace/heard_stream.h"

#include <algorithm>
#include <limits>

namespace mailslot {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// A report for each 64 KiB: a quarter of a small queue. Not more often than each 1 ms, since a
// sender that sleeps notices no faster, nor less often than each 10 ms.
constexpr std::size_t kBytesOfReport = 64 * 1024;
constexpr milliseconds kLeastInterval{1}, kMostInterval{10};
// The first reports are for smaller steps and come at once: the sender waits for them.
constexpr std::uint32_t kFirstReports = 8;
constexpr std::size_t kBytesOfFirstReports = 16 * 1024;
// A stream that was silent this long counts as new.
constexpr std::chrono::seconds kRest{1};
// Bytes saved for reports: a burst of them, after a time without.
constexpr std::uint64_t kMostSaved = 4096;
constexpr std::size_t kPointStep = 4 * 1024;

template <class Wide>
std::uint32_t narrow(Wide value) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(
        static_cast<std::uint64_t>(value), std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

void HeardStream::heard(const Arrival& a) {
    if (counted_from_ == 0) {
        counted_from_ = a.first;
        drops_at_first_ = a.kernel_drops;
        window_begun_ = reported_at_ = a.at;
    }
    if (a.at - window_begun_ > kRest) {
        is_stream_ = window_bytes_ >= kStreamBytes;
        window_begun_ = a.at;
        window_bytes_ = 0;
    }
    bytes_ += a.bytes;
    window_bytes_ += a.bytes;
    is_stream_ = is_stream_ || window_bytes_ >= kStreamBytes;
    messages_ += a.messages;
    drops_ = a.kernel_drops;
    last_at_ = a.at;
    families_ |= a.families;
    if (a.mark > highest_) {
        highest_ = a.mark;
        highest_at_ = a.at;
        note_point();
    }
}

// Keeps at most 16 points since the last report, at equal distances.
void HeardStream::note_point() {
    if (points_used_ > 0 && bytes_ - points_[points_used_ - 1].bytes < point_step_) return;
    if (points_used_ == points_.size()) {
        for (std::size_t i = 0; i < points_used_ / 2; ++i) points_[i] = points_[2 * i];
        points_used_ /= 2;
        point_step_ *= 2;
    }
    if (points_used_ == 0) point_step_ = kPointStep;
    points_[points_used_++] = {highest_at_, bytes_};
}

std::optional<HeardStream::Instant> HeardStream::due() const {
    const std::uint64_t more = bytes_ - reported_bytes_;
    if (!is_stream_ || more == 0) return std::nullopt;
    const bool is_young = number_ < kFirstReports;
    if (is_young && more >= kBytesOfFirstReports) return reported_at_;
    const bool is_soon = more >= kBytesOfReport || drops_ != reported_drops_;
    return reported_at_ + (is_soon ? kLeastInterval : kMostInterval);
}

std::optional<wire::Report> HeardStream::report(Instant now, std::size_t report_bytes,
                                                Buffer buffer) {
    const auto when = due();
    if (!when || now < *when) return std::nullopt;
    const std::uint64_t earned = bytes_ / kBytesForReportByte;
    if (earned < spent_ + report_bytes) return std::nullopt;
    spent_ = std::max(spent_, earned - std::min(earned, kMostSaved)) + report_bytes;
    wire::Report r;
    r.number = ++number_;
    r.highest = highest_;
    r.counted_from = counted_from_;
    r.messages = std::min(messages_, highest_.sequence - counted_from_ + 1);
    r.bytes = bytes_;
    r.arrived_us = static_cast<std::uint64_t>(
        duration_cast<microseconds>(highest_at_.time_since_epoch()).count());
    r.held_us =
        narrow(std::max<std::int64_t>(0, duration_cast<microseconds>(now - highest_at_).count()));
    sample(r);
    r.kernel_drops = drops_ - drops_at_first_;
    r.buffer_bytes = buffer.bytes;
    r.buffer_used = buffer.used;
    r.families = families_;
    families_ = 0;
    reported_at_ = now;
    reported_bytes_ = bytes_;
    reported_drops_ = drops_;
    points_used_ = 0;
    return r;
}

// Takes the later half of what came since the last report.
void HeardStream::sample(wire::Report& report) const {
    if (points_used_ < 2) return;
    const Point& last = points_[points_used_ - 1];
    const Point& from = points_[(points_used_ - 1) / 2];
    if (last.bytes == from.bytes) return;
    const auto us =
        std::max<std::int64_t>(1, duration_cast<microseconds>(last.at - from.at).count());
    report.sample_us = narrow(us);
    report.sample_bytes = narrow(last.bytes - from.bytes);
}

}  // namespace mailslot
