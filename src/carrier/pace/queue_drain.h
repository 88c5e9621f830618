// Empties the queue at the bottleneck once a second, so that its base delay is seen and another
// stream that keeps the queue full is noticed: docs/protocol/pace.md, "Draining". Pure.
#pragma once

#include <chrono>

#include "carrier/pace/path_view.h"

namespace mailslot {

class QueueDrain {
public:
    using Instant = std::chrono::steady_clock::time_point;
    using Duration = std::chrono::nanoseconds;
    using Seconds = std::chrono::duration<double>;

    // All streams drain at full seconds of Unix time. `second_begins`: the steady clock's time of
    // any of them.
    explicit QueueDrain(Duration second_begins) : second_begins_(second_begins) {}

    void schedule(Instant now);
    // Returns the share of the rate that may be sent at `now`.
    double share(Instant now) const;
    // After each report: begins a drain when its time has come and a queue stands. `empty`: a queue
    // up to this counts as none. Returns whether the last report is about a drain, and so tells
    // nothing about the path's rate.
    bool looks(const PathView& view, Seconds empty, Instant now);
    // Returns whether the last drains did not empty the queue.
    bool is_in_vain() const { return drains_in_vain_ >= kDrainsInVain; }
    // Returns how often the queue was found empty, or emptied.
    int times_empty() const { return times_empty_; }
    // Returns whether the last two drains emptied the queue: nobody else fills it.
    bool is_alone() const { return empty_in_a_row_ >= kDrainsInVain; }

private:
    static constexpr int kDrainsInVain = 2;

    bool watch(const PathView& view);
    void note(bool was_emptied);

    const Duration second_begins_;
    Instant next_{}, begun_{}, ends_{};
    Seconds queue_{}, empty_{};  // as of the drain's begin
    bool is_watched_ = false, was_emptied_ = false;
    int drains_in_vain_ = 0, times_empty_ = 0, empty_in_a_row_ = 0;
};

}  // namespace mailslot
