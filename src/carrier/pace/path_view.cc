#include "carrier/pace/path_view.h"

namespace mailslot {
namespace {

using Seconds = PathView::Seconds;

// The base is the least delay of the last 1.5 to 3 s: queues are drained each second, and two
// clocks drift apart by up to 50 us a second.
constexpr double kBaseSeconds = 1.5, kLongBaseSeconds = 10;
constexpr double kDrift = 50e-6;  // a second
// Within this time the least delay counts: a late wake-up is no queue.
constexpr double kQueueSeconds = 0.003;
constexpr double kSmoothing = 1.0 / 8;
// Longer round trips are forged, or a machine slept.
constexpr Seconds kLongestRoundTrip{10};
// The place of a mark within datagrams that left together is known to a datagram at each end.
constexpr std::uint64_t kNoiseBytes = 2 * 1500;

double in_seconds(std::uint64_t us) { return static_cast<double>(us) * 1e-6; }

}  // namespace

bool PathView::heard(const wire::Report& report, const SentMarks& sent, Instant now) {
    const auto found = sent.find(report.highest);
    if (!found) return false;
    const Seconds held(in_seconds(report.held_us));
    const Seconds round_trip = Seconds(now - found->left) - held;
    if (round_trip < Seconds::zero() || round_trip > kLongestRoundTrip) return false;
    Point point;
    point.arrived = in_seconds(report.arrived_us);
    point.read = point.arrived + held.count();
    point.delay = point.arrived - Seconds(found->left.time_since_epoch()).count();
    point.bytes = report.bytes;
    point.sent = found->bytes;
    point.left = found->left;
    point.heard = now;
    point.is_paced = found->is_paced;
    // The receiver counts anew: another office has taken over.
    if (report.counted_from > last_report_.highest.sequence) begin_anew();
    if (count_ > 0 && !compare(report, point)) return false;
    points_[next_] = point;
    next_ = (next_ + 1) % kPoints;
    ++count_;
    last_report_ = report;
    buffer_fill_ = report.buffer_bytes == 0
                       ? 0
                       : static_cast<double>(report.buffer_used) / report.buffer_bytes;
    note_delay(point);
    note_round_trip(round_trip);
    return true;
}

// Compares a report with the report before. Returns false if both cannot be true.
bool PathView::compare(const wire::Report& report, Point& point) {
    const Point& before = last();
    if (point.sent < before.sent || point.arrived < before.arrived) return false;
    if (point.read <= before.read || report.bytes < last_report_.bytes) return false;
    const std::uint64_t sent = point.sent - before.sent;
    const std::uint64_t arrived = report.bytes - last_report_.bytes;
    // The network may repeat a datagram, but not everything.
    if (arrived > 2 * (sent + kNoiseBytes)) return false;
    point.bytes = before.bytes + std::min(arrived, sent + kNoiseBytes);
    has_new_drops_ = report.kernel_drops > last_report_.kernel_drops;
    has_new_loss_ = sent > arrived + kNoiseBytes / 2;
    if (sent > arrived) lost_bytes_ += sent - arrived;
    interval_ += (Seconds(point.heard - before.heard) - interval_) * kSmoothing;
    return true;
}

void PathView::begin_anew() {
    count_ = 0;
    last_report_ = {};
    buffer_fill_ = 0;
    has_new_drops_ = has_new_loss_ = false;
}

void PathView::Base::begin(double delay, double at) {
    least = least_before = delay;
    least_at = least_before_at = begun = at;
}

void PathView::Base::note(double delay, double at, double span) {
    if (at - begun >= span) {
        least_before = least;
        least_before_at = least_at;
        least = delay;
        least_at = begun = at;
    } else if (delay < least) {
        least = delay;
        least_at = at;
    }
}

void PathView::note_delay(const Point& point) {
    if (count_ == 1) {
        base_.begin(point.delay, point.arrived);
        long_base_.begin(point.delay, point.arrived);
    }
    // A base that is kept has a span without an end.
    base_.note(point.delay, point.arrived, keeps_base_ ? 1e18 : kBaseSeconds);
    long_base_.note(point.delay, point.arrived, keeps_base_ ? 1e18 : kLongBaseSeconds);
}

void PathView::keep_base(bool keeps) {
    if (keeps && !keeps_base_) base_.begin(long_base_.value(), last().arrived);
    keeps_base_ = keeps;
}

Seconds PathView::standing_queue() const {
    const double drift = kDrift * (last().arrived - long_base_.value_at());
    return Seconds(std::max(0.0, last().delay - long_base_.value() - drift));
}

void PathView::note_round_trip(Seconds round_trip) {
    if (count_ == 1) round_trip_ = least_round_trip_ = round_trip;
    round_trip_ += (round_trip - round_trip_) * kSmoothing;
    least_round_trip_ = std::min(least_round_trip_, round_trip);
}

Seconds PathView::queue() const {
    double least = last().delay;
    for (std::size_t i = 1; i < std::min(count_, kPoints); ++i) {
        if (last().arrived - back(i).arrived > kQueueSeconds) break;
        least = std::min(least, back(i).delay);
    }
    return above_base(least);
}

std::optional<PathView::Train> PathView::train(double bytes) const {
    if (count_ == 0) return std::nullopt;
    const std::size_t known = std::min(count_, kPoints);
    std::size_t steps = 0;
    while (steps + 1 < known && static_cast<double>(last().bytes - back(steps).bytes) < bytes)
        ++steps;
    const Point &from = back(steps), &to = last();
    const double came = static_cast<double>(to.bytes - from.bytes);
    const double span = to.arrived - from.arrived;
    if (came >= bytes && span > 0) {
        return Train{came / span, Seconds(to.left - from.left).count() < span / 2};
    }
    // All arrived between two reports, or before the first: the receiver's own sample.
    if (last_report_.sample_us == 0) return std::nullopt;
    return Train{last_report_.sample_bytes / in_seconds(last_report_.sample_us), true};
}

std::optional<PathView::Flow> PathView::flow(Seconds span) const {
    const std::size_t known = std::min(count_, kPoints);
    if (known < 2) return std::nullopt;
    std::size_t steps = 1;
    while (steps + 1 < known && last().arrived - back(steps).arrived < span.count()) ++steps;
    const Point &from = back(steps), &to = last();
    if (to.arrived <= from.arrived) return std::nullopt;
    Flow flow;
    const auto bytes = static_cast<double>(to.bytes - from.bytes);
    const auto sent = static_cast<double>(to.sent - from.sent);
    flow.arrived = bytes / (to.arrived - from.arrived);
    flow.read = bytes / (to.read - from.read);
    flow.sent = sent / std::max(Seconds(to.left - from.left).count(), 1e-6);
    flow.lost = sent > bytes ? (sent - bytes) / sent : 0;
    flow.is_paced = true;
    double delays = 0;
    for (std::size_t i = 0; i < steps; ++i) {
        flow.is_paced = flow.is_paced && back(i).is_paced;
        delays += back(i).delay;
    }
    flow.queue = above_base(delays / static_cast<double>(steps));
    return flow;
}

}  // namespace mailslot
