#include "carrier/pace/group_pace.h"

#include <algorithm>
#include <utility>

namespace mailslot {
namespace {

using Duration = GroupPace::Duration;

// A reader's rate is at most this many times the group's: more was never tried on its path.
constexpr double kAhead = 1.5;
// The floor lets this much time's bytes leave late, after a sleep that ended late.
constexpr std::chrono::milliseconds kFloorSlack{2};

}  // namespace

GroupPace::GroupPace(const PathPace::Limits& limits, double floor)
    : floor_(limits.most > 0 ? std::min(floor, limits.most) : floor), nobody_(limits, marks_) {}

const PathPace& GroupPace::slowest() const {
    if (readers_.empty()) return nobody_;
    const auto rate_of = [](const Reader& reader) { return reader.pace.rate(); };
    // A reader in its first burst holds all others up.
    for (const Reader& reader : readers_) {
        if (reader.pace.state() == PathPace::State::first_burst) return reader.pace;
    }
    return std::ranges::min_element(readers_, {}, rate_of)->pace;
}

double GroupPace::rate() const {
    return readers_.empty() ? nobody_.rate() : std::max(floor_, slowest().rate());
}

bool GroupPace::is_unheard() const {
    return readers_.empty() && nobody_.state() == PathPace::State::unheard;
}

std::size_t GroupPace::quantum() const { return slowest().quantum(); }

Duration GroupPace::wait(std::size_t bytes, Instant now) {
    Duration wait = nobody_.wait(bytes, now);
    if (!readers_.empty()) {
        const Duration of_readers = wait_of_readers(bytes, now);
        forget_silent_ones();
        if (!readers_.empty()) wait = of_readers;
    }
    is_held_ = is_held_ || wait > Duration::zero();
    return wait;
}

// The floor lets no reader hold the stream up for longer, except in the first burst, and while the
// reader empties its queue, which takes at most a quarter of the time.
Duration GroupPace::wait_of_readers(std::size_t bytes, Instant now) {
    Duration wait = Duration::zero(), at_most_floor = Duration::zero();
    for (Reader& reader : readers_) {
        PathPace& pace = reader.pace;
        const Duration its_wait = pace.wait(bytes, now);
        const bool is_draining = pace.is_draining(now) && pace.rate() >= floor_;
        Duration& kind =
            pace.state() == PathPace::State::first_burst || is_draining ? wait : at_most_floor;
        kind = std::max(kind, its_wait);
    }
    return std::max(wait, std::min(at_most_floor, wait_for_floor(now)));
}

Duration GroupPace::wait_for_floor(Instant now) const {
    return std::max<Duration>(Duration::zero(), floor_allows_ - now);
}

void GroupPace::left(wire::Mark from, wire::Mark mark, std::size_t bytes, Instant now) {
    const bool is_held = std::exchange(is_held_, false);
    bool is_paced = is_held;
    for (Reader& reader : readers_) {
        // The floor let the bytes go: this reader's rate must not owe them later.
        if (reader.pace.rate() < floor_) reader.pace.forgive();
        is_paced = reader.pace.note_left(bytes, is_held, now) || is_paced;
    }
    if (!readers_.empty() && nobody_.state() == PathPace::State::unheard) nobody_.forgive();
    const bool is_nobody_paced = nobody_.note_left(bytes, is_held, now);
    if (readers_.empty()) is_paced = is_nobody_paced;
    marks_->left(from, mark, bytes, is_paced, now);
    const auto time = std::chrono::duration<double>(static_cast<double>(bytes) / floor_);
    floor_allows_ = std::max<Instant>(floor_allows_, now - kFloorSlack) +
                    std::chrono::duration_cast<Duration>(time);
    // Faster than the floor is no debt to the floor.
    floor_allows_ =
        std::min<Instant>(floor_allows_, now + std::chrono::duration_cast<Duration>(time));
}

GroupPace::Reader* GroupPace::find(const Endpoint& from) {
    const auto found = std::ranges::find(readers_, from, &Reader::at);
    return found == readers_.end() ? nullptr : &*found;
}

GroupPace::Heard GroupPace::heard(const Endpoint& from, const wire::Report& report, Instant now) {
    if (Reader* const known = find(from)) {
        if (!known->pace.heard(report, now)) return Heard::refused;
    } else {
        if (!readers_.empty() && !is_in_first_burst()) nobody_.end_first_burst();
        Reader reader{from, nobody_, now};
        if (nobody_.state() == PathPace::State::unheard) reader.pace.set_rate(rate());
        if (!reader.pace.heard(report, now)) return Heard::refused;
        if (readers_.size() >= kMostGroupReaders && !make_room(now)) return Heard::turned_away;
        readers_.push_back(std::move(reader));
    }
    stay_together();
    return Heard::taken;
}

// Forgets the fastest reader, if it was known for long enough.
bool GroupPace::make_room(Instant now) {
    const auto rate_of = [](const Reader& reader) { return reader.pace.rate(); };
    const auto fastest = std::ranges::max_element(readers_, {}, rate_of);
    if (now - fastest->since < kReaderKeeps) return false;
    readers_.erase(fastest);
    return true;
}

void GroupPace::forget_silent_ones() {
    readers_.remove_if(
        [](const Reader& reader) { return reader.pace.state() == PathPace::State::unheard; });
}

void GroupPace::stay_together() {
    if (is_in_first_burst()) return;
    const double most = kAhead * rate();
    for (Reader& reader : readers_) {
        if (reader.pace.rate() > most) reader.pace.set_rate(most);
    }
}

}  // namespace mailslot
