// Raises a rate in steps while the path takes all: docs/protocol/pace.md, "Growing". Pure.
#pragma once

#include <chrono>
#include <optional>

namespace mailslot {

class RateGrowth {
public:
    using Instant = std::chrono::steady_clock::time_point;
    using Seconds = std::chrono::duration<double>;

    // The path has carried `carried` bytes a second, or is likely to. Steps below that are large.
    void begin(double carried);
    // The path carried just that much for an earlier stream: the first steps beyond are small.
    void begin_remembered(double carried);
    // Nothing is raised until then.
    void pause_until(Instant when) { paused_until_ = when; }
    // Returns the next rate; nullopt if the last step must show its effect first. `round`: until a
    // change shows in a report.
    std::optional<double> next(double rate, Seconds round, Instant now);

private:
    double carried_ = 0;
    double gain_ = 0;  // the next step, as a share of the rate
    double risk_ = 0;  // bytes that a step may send too many before its effect shows
    double step_ = 0;  // the last step; 0: none
    Instant stepped_at_{}, paused_until_{};
};

}  // namespace mailslot
