// How many bytes a stream keeps in the queue at the bottleneck: alpha in docs/protocol/pace.md,
// "Holding the queue". Pure.
#pragma once

#include <algorithm>
#include <cstdint>

namespace mailslot {

class QueueShare {
public:
    static constexpr double kUsual = 32 * 1024;  // bytes

    double bytes() const { return bytes_; }
    // Responds to a report that acknowledges `acknowledged` of `sent` bytes, at most once a round
    // trip. Loss while a queue stands is congestion; loss without a queue is the link's own. A
    // stream that competes with another program takes more room until there is congestion.
    void respond(bool is_congested, bool is_competing, std::uint64_t acknowledged,
                 std::uint64_t sent) {
        if (acknowledged < changed_at_) return;
        const double before = bytes_;
        if (is_congested) {
            bytes_ = std::max(kLeast, bytes_ * kCut);
        } else if (is_competing) {
            bytes_ = std::min(kMost, bytes_ + kCompetingStep);
        } else if (bytes_ < kUsual) {
            bytes_ = std::min(kUsual, bytes_ + kStep);
        }
        if (bytes_ != before) changed_at_ = sent;
    }
    // A drain has emptied the queue of a stream that competes: the queue was mostly its own, and
    // half as long is enough.
    void halve() { bytes_ = std::max(kUsual, bytes_ / 2); }
    void reset() { bytes_ = kUsual; }

private:
    static constexpr double kLeast = 6 * 1024, kMost = 1024 * 1024;
    static constexpr double kStep = kUsual / 64, kCompetingStep = 1 * 1448, kCut = 0.7;

    double bytes_ = kUsual;
    std::uint64_t changed_at_ = 0;  // bytes sent in all when bytes_ was last changed
};

}  // namespace mailslot
