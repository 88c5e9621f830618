// Decides how fast a writer sends by a way, from the reports of the machine at its end. The page
// docs/protocol/pace.md has the equations and the reasons. Pure: time is a parameter.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "carrier/pace/path_view.h"
#include "carrier/pace/queue_drain.h"
#include "carrier/pace/queue_share.h"
#include "carrier/pace/rate_growth.h"
#include "carrier/pace/send_bucket.h"
#include "carrier/pace/sent_marks.h"

namespace mailslot {

class PathPace {
public:
    using Instant = std::chrono::steady_clock::time_point;
    using Duration = std::chrono::nanoseconds;
    using Seconds = std::chrono::duration<double>;

    struct Limits {
        double most = 0;                   // bytes a second, never more; 0: no bound
        double unheard = 8 * 1024 * 1024;  // bytes a second while no report comes
        Duration second_begins{};          // as in QueueDrain
        // Bytes in flight, at most, until the rate is proven; a first burst leaves all the same.
        double unproven = 128 * 1024;
    };
    // Knowledge of a path from an earlier stream.
    struct Memory {
        double rate = 0;  // bytes a second
        Seconds round_trip{};
    };
    enum class State : std::uint8_t {
        first_burst,  // no more was needed yet than may leave without reports
        unheard,      // no report came in time, or none any longer
        growing,      // the path takes all
        steady,       // a short queue stands at the bottleneck
        competing,    // another stream keeps the queue full
    };
    enum class Limit : std::uint8_t { none, path, reader, setting };

    // `marks`: of the stream, if other paces share them.
    explicit PathPace(const Limits& limits,
                      std::shared_ptr<SentMarks> marks = std::make_shared<SentMarks>());

    // Returns whether the stream wants to go beyond its first burst, and nothing is known of the
    // path. Then is the time for remember().
    bool wants_memory() const { return is_in_first_burst() && held_since_; }
    void remember(const Memory& memory);

    // Returns how long `bytes` must wait before they leave. Ask again then, or when a report came
    // meanwhile. Never more than 300 ms.
    Duration wait(std::size_t bytes, Instant now);
    // Datagrams of `bytes` left: the stream from `from` to `mark`.
    void left(wire::Mark from, wire::Mark mark, std::size_t bytes, Instant now);
    // Returns false if the report is old or impossible; it then has no effect.
    bool heard(const wire::Report& report, Instant now);

    // Paces of a group (group_pace.h): each reader has one, and all share the marks of the stream.
    // As left(), but leaves the marks to the caller. `is_held`: another pace held the bytes up.
    // Returns whether this pace or another did.
    bool note_left(std::size_t bytes, bool is_held, Instant now);
    void set_rate(double rate);  // within the bounds
    // Ends the first burst of a pace that hears no reports: other paces know the rate, so a later copy of this pace
    // needs no first burst. No effect while this pace waits for reports.
    void end_first_burst();
    // Bytes left before this pace allowed them: they are not counted.
    void forgive() { bucket_.clear(); }
    bool is_draining(Instant now) const { return drain_.share(now) < 1; }

    // Returns how many bytes should leave together.
    std::size_t quantum() const;
    State state() const { return state_; }
    Limit limit() const;
    double rate() const { return rate_; }  // bytes a second
    const PathView& view() const { return view_; }
    // Returns what later streams can use; nullopt unless the path's rate is known.
    std::optional<Memory> memory() const;

private:
    double burst() const;
    bool has_too_much_in_flight(double more) const;
    // Returns whether nothing is known about the path, not even from an earlier stream.
    bool is_in_first_burst() const { return state_ == State::first_burst && !memory_; }
    Duration wait_in_first_burst(double bytes, Instant now);
    double in_flight() const;
    void look_at_silence(Instant now);
    void start(Instant now);
    void prove();
    void adjust(Instant now);
    bool respect_reader(const PathView::Flow& flow, Instant now);
    void grow(const PathView::Flow& flow, Instant now);
    void hold_queue(const PathView::Flow& flow, bool is_end_of_growth, Instant now);
    void compete();

    const Limits limits_;
    std::shared_ptr<SentMarks> sent_;
    PathView view_;
    SendBucket bucket_;
    RateGrowth growth_;
    QueueDrain drain_;
    QueueShare share_;
    std::optional<Memory> memory_{};  // until the first burst shows what it is worth

    State state_ = State::first_burst;
    double rate_;
    double carried_ = 0;   // what the path has carried: for later streams
    int times_empty_ = 0;  // of drain_, when last looked at
    bool is_limited_by_reader_ = false;
    bool was_held_ = false;   // the bytes that leave next had to wait
    bool was_paced_ = false;  // the writer had more to send when the last bytes left
    std::optional<Instant> begun_{}, held_since_{};  // held_since_: at the end of the first burst
    Instant last_left_{}, unanswered_since_{}, adjusted_at_{};
    // When the last rest ended, and the bytes sent and arrived until then.
    struct Burst {
        double sent = 0, arrived = 0;
        Instant at{};
    } burst_;
    // The rate is a guess until so many bytes are acknowledged. Then prove() is done.
    std::optional<std::uint64_t> unproven_until_{};
    // Bytes sent when the rate was last changed: reports on less say nothing about the rate.
    std::uint64_t rate_changed_at_ = 0;
};

}  // namespace mailslot
