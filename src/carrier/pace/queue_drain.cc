#include "carrier/pace/queue_drain.h"

#include <algorithm>

namespace mailslot {
namespace {

using Seconds = QueueDrain::Seconds;

constexpr std::chrono::seconds kEvery{1};
// A quarter of the rate still flows, so that reports come.
constexpr double kShare = 1.0 / 4;
// At a quarter of its inflow a queue empties in 4/3 of its delay; a fifth more is for the queue
// that still grows, and 1 ms for clocks that differ.
constexpr double kTimesQueue = 1.6;
constexpr Seconds kClocksDiffer{0.001};
constexpr Seconds kLongest{0.25};

}  // namespace

void QueueDrain::schedule(Instant now) {
    const auto since = (now.time_since_epoch() - second_begins_) % Duration(kEvery);
    next_ = now + kEvery - since;
    is_watched_ = false;
}

double QueueDrain::share(Instant now) const { return now < ends_ ? kShare : 1; }

bool QueueDrain::looks(const PathView& view, Seconds empty, Instant now) {
    if (is_watched_) return watch(view);
    if (now < next_) return false;
    schedule(now);
    queue_ = view.standing_queue();
    empty_ = empty;
    if (queue_ < empty_) {
        note(true);
        return false;
    }
    const Seconds time = std::min(kTimesQueue * queue_ + kClocksDiffer, kLongest);
    begun_ = now;
    ends_ = now + std::chrono::duration_cast<Duration>(time);
    is_watched_ = true;
    was_emptied_ = false;
    return true;
}

bool QueueDrain::watch(const PathView& view) {
    const Seconds queue = view.standing_queue();
    if (queue > 2 * queue_ + kClocksDiffer) {  // the path has become slower
        is_watched_ = false;
        return false;
    }
    if (view.left_at() >= begun_ && queue < empty_) was_emptied_ = true;
    if (view.left_at() < ends_ + std::chrono::duration_cast<Duration>(kClocksDiffer)) return true;
    is_watched_ = false;
    note(was_emptied_);
    return true;
}

void QueueDrain::note(bool was_emptied) {
    drains_in_vain_ = was_emptied ? 0 : drains_in_vain_ + 1;
    empty_in_a_row_ = was_emptied ? empty_in_a_row_ + 1 : 0;
    times_empty_ += was_emptied;
}

}  // namespace mailslot
