// The path to a receiver as its reports show it: round trip, queue, delivery rate, loss.
// docs/protocol/pace.md, "What the writer sees". Pure.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "carrier/pace/sent_marks.h"
#include "wire/report.h"

namespace mailslot {

class PathView {
public:
    using Instant = std::chrono::steady_clock::time_point;
    using Seconds = std::chrono::duration<double>;

    // Over several reports. Rates are in bytes a second.
    struct Flow {
        double arrived = 0;     // by the receiver's clock of arrival
        double read = 0;        // as the receiver takes them from its buffer
        double sent = 0;        // by the writer's clock
        double lost = 0;        // share of the bytes sent
        Seconds queue{};        // mean delay above the base
        bool is_paced = false;  // the writer had more to send all the time
    };
    // How fast the last bytes arrived.
    struct Train {
        double rate = 0;
        bool was_together = false;  // they left much faster than they arrived
    };

    // Takes a report. Returns false, and takes nothing, if the report is not new, or contradicts
    // what was sent or an earlier report.
    bool heard(const wire::Report& report, const SentMarks& sent, Instant now);
    // Forgets the reports, so that the next is taken whatever its clock and counts are.
    void begin_anew();
    bool is_empty() const { return count_ == 0; }

    // Returns the flow over the last `span`, or since the first report. Returns nullopt unless two
    // reports show an arrival.
    std::optional<Flow> flow(Seconds span) const;
    // Returns nullopt if the last `bytes` did not arrive yet.
    std::optional<Train> train(double bytes) const;

    Instant heard_at() const { return last().heard; }
    Seconds round_trip() const { return round_trip_; }  // smoothed, as is interval()
    Seconds least_round_trip() const { return least_round_trip_; }
    Seconds interval() const { return interval_; }  // between reports
    // Delay above the base: the least of the reports of the last 3 ms, and of the last report.
    Seconds queue() const;
    Seconds last_queue() const { return above_base(last().delay); }
    // The last delay above the least of the last 10 to 20 s, less what clocks may have drifted
    // since: a queue that others keep full, and that no short base shows.
    Seconds standing_queue() const;
    std::uint64_t acknowledged() const { return last().sent; }  // bytes sent up to the last mark
    std::uint64_t arrived_bytes() const { return last().bytes; }
    Instant left_at() const { return last().left; }           // when the last mark left
    double buffer_fill() const { return buffer_fill_; }       // 0 to 1
    bool has_new_drops() const { return has_new_drops_; }     // by the receiver's kernel
    bool has_new_loss() const { return has_new_loss_; }       // since the report before
    std::uint64_t lost_bytes() const { return lost_bytes_; }  // in all
    // Goes back to the base of the last 10 to 20 s and keeps it: the queue never empties.
    void keep_base(bool keeps);

private:
    // A report, in the units of this class.
    struct Point {
        double arrived = 0, read = 0;  // seconds by the receiver's clock
        double delay = 0;         // seconds from leaving to arrival; the clocks' offset is unknown
        std::uint64_t bytes = 0;  // received in all, as far as they were sent
        std::uint64_t sent = 0;   // sent in all, up to the mark
        Instant left{}, heard{};
        bool is_paced = false;
    };
    static constexpr std::size_t kPoints = 128;

    const Point& back(std::size_t steps) const {
        return points_[(next_ + kPoints - 1 - steps) % kPoints];
    }
    const Point& last() const { return back(0); }
    // The least delay of the present and of the previous span of time.
    struct Base {
        double least = 0, least_before = 0;
        double least_at = 0, least_before_at = 0, begun = 0;  // seconds by the receiver's clock

        void begin(double delay, double at);
        void note(double delay, double at, double span);
        double value() const { return std::min(least, least_before); }
        double value_at() const { return least < least_before ? least_at : least_before_at; }
    };
    Seconds above_base(double delay) const { return Seconds(std::max(0.0, delay - base_.value())); }
    bool compare(const wire::Report& report, Point& point);
    void note_delay(const Point& point);
    void note_round_trip(Seconds round_trip);

    std::array<Point, kPoints> points_{};
    std::size_t next_ = 0, count_ = 0;
    wire::Report last_report_{};
    Seconds round_trip_{}, least_round_trip_{}, interval_{};
    Base base_{}, long_base_{};
    double buffer_fill_ = 0;
    bool has_new_drops_ = false, has_new_loss_ = false, keeps_base_ = false;
    std::uint64_t lost_bytes_ = 0;
};

}  // namespace mailslot
