#include "trust/replay_windows.h"

#include <algorithm>

namespace mailslot::trust {
namespace {

constexpr std::uint64_t kWordBits = 64;
constexpr std::int64_t kMost =
    std::chrono::duration_cast<std::chrono::microseconds>(kMostClockDifference).count();

bool is_of_none(const wire::SealerState& state) { return state.sender_id == 0 && state.epoch == 0; }

}  // namespace

bool is_timely(std::int64_t sent_at_us, std::int64_t now_us) {
    // Times near the ends of int64_t must not overflow.
    return sent_at_us >= 0 && now_us >= 0 && sent_at_us - now_us <= kMost &&
           now_us - sent_at_us <= kMost;
}

std::size_t ReplayWindows::PairHash::operator()(const Pair& pair) const {
    // Unprotected against chosen collisions: only key holders choose these numbers, and they could
    // flood the receiver anyway.
    return static_cast<std::size_t>(pair.sender_id ^ (pair.epoch * 0x9E3779B97F4A7C15u));
}

// `counter` must be in the window.
bool ReplayWindows::Sealer::has(std::uint64_t counter) const {
    const std::uint64_t place = counter % kSealWindow;
    const std::uint64_t word = words               ? (*words)[place / kWordBits]
                               : place < kWordBits ? first_word
                                                   : 0;
    return (word >> (place % kWordBits) & 1) != 0;
}

void ReplayWindows::Sealer::set(std::uint64_t counter) {
    const std::uint64_t place = counter % kSealWindow;
    const std::uint64_t bit = std::uint64_t{1} << (place % kWordBits);
    if (!words && place < kWordBits && highest < kWordBits) {
        first_word |= bit;
        return;
    }
    if (!words) {
        words = std::make_unique<std::array<std::uint64_t, kSealWindow / 64>>();
        (*words)[0] = first_word;
    }
    (*words)[place / kWordBits] |= bit;
}

// Moves the window up to `counter`; numbers that enter the window are unseen.
void ReplayWindows::Sealer::advance_to(std::uint64_t counter) {
    if (words) {
        const std::uint64_t steps = std::min(counter - highest, kSealWindow);
        for (std::uint64_t i = 1; i <= steps; ++i) {
            const std::uint64_t place = (counter - steps + i) % kSealWindow;
            (*words)[place / kWordBits] &= ~(std::uint64_t{1} << (place % kWordBits));
        }
    } else if (counter >= kSealWindow) {
        // Drops numbers of first_word that are below the window: other counters use their bits.
        words = std::make_unique<std::array<std::uint64_t, kSealWindow / 64>>();
        for (std::uint64_t old = 0; old <= highest; ++old) {
            const bool is_seen = (first_word >> old & 1) != 0;
            if (is_seen && counter - old < kSealWindow) (*words)[0] |= std::uint64_t{1} << old;
        }
    }
    highest = counter;
}

ReplayWindows::Sealer* ReplayWindows::find(const Pair& pair) {
    if (found_ != nullptr && found_pair_ == pair) return found_;
    const auto found = sealers_.find(pair);
    if (found == sealers_.end()) return nullptr;
    found_pair_ = pair;
    found_ = &found->second;
    return found_;
}

bool ReplayWindows::has_seen(const Stamp& stamp) {
    const Sealer* const sealer = find({stamp.sender_id, stamp.epoch});
    if (sealer == nullptr || stamp.counter > sealer->highest) return false;
    return sealer->highest - stamp.counter >= kSealWindow || sealer->has(stamp.counter);
}

// If the clock is never set back, is_timely() refuses all of these: a forgotten sender's datagrams
// were sent more than T ago, and no datagram was accepted more than T ahead of its time.
bool ReplayWindows::is_from_past(const Sealer* sealer, const Stamp& stamp,
                                 std::int64_t sent_at_us) const {
    if (sealer != nullptr) {
        return stamp.counter < sealer->highest && sent_at_us < sealer->sent_at_us - 2 * kMost;
    }
    return sent_at_us <= forgotten_sent_us_ || sent_at_us < latest_sent_us_ - 2 * kMost;
}

ReplayWindows::Noted ReplayWindows::note(const Stamp& stamp, std::int64_t sent_at_us,
                                         Clock::Instant now) {
    const Pair pair{stamp.sender_id, stamp.epoch};
    Sealer* sealer = find(pair);
    if (sealer == nullptr) forget_old(now);
    if (is_from_past(sealer, stamp, sent_at_us)) return Noted::from_past;
    if (sealer == nullptr) sealer = add(pair, now);
    if (sealer == nullptr) return Noted::no_room;
    if (stamp.counter > sealer->highest) sealer->advance_to(stamp.counter);
    sealer->set(stamp.counter);
    sealer->sent_at_us = std::max(sealer->sent_at_us, sent_at_us);
    latest_sent_us_ = std::max(latest_sent_us_, sent_at_us);
    sealer->last_heard = now;
    by_age_.splice(by_age_.end(), by_age_, sealer->by_age);
    return Noted::taken;
}

// Returns null if there is no room.
ReplayWindows::Sealer* ReplayWindows::add(const Pair& pair, Clock::Instant now) {
    forget_old(now);
    if (sealers_.size() >= max_sealers_) return nullptr;
    Sealer& added = sealers_[pair];
    added.last_heard = now;
    added.by_age = by_age_.insert(by_age_.end(), pair);
    found_pair_ = pair;
    found_ = &added;
    return &added;
}

void ReplayWindows::forget_old(Clock::Instant now) {
    while (!by_age_.empty()) {
        const auto oldest = sealers_.find(by_age_.front());
        if (now - oldest->second.last_heard <= kSealersFor) return;
        if (found_ == &oldest->second) found_ = nullptr;
        forgotten_sent_us_ = std::max(forgotten_sent_us_, oldest->second.sent_at_us);
        sealers_.erase(oldest);
        by_age_.pop_front();
    }
}

void ReplayWindows::save(const std::function<void(const wire::SealerState&)>& to) const {
    for (const Pair& pair : by_age_) {
        const Sealer& sealer = sealers_.at(pair);
        wire::SealerState state{pair.sender_id, pair.epoch, sealer.highest,
                                sealer.last_heard.time_since_epoch().count()};
        if (sealer.words) {
            state.seen = *sealer.words;
        } else {
            state.seen[0] = sealer.first_word;
        }
        state.sent_at = sealer.sent_at_us;
        to(state);
    }
    wire::SealerState times;
    times.highest = static_cast<std::uint64_t>(latest_sent_us_);
    times.sent_at = forgotten_sent_us_;
    to(times);
}

bool ReplayWindows::restore(const wire::SealerState& state, Clock::Instant now) {
    if (is_of_none(state)) {
        forgotten_sent_us_ = std::max(forgotten_sent_us_, state.sent_at);
        latest_sent_us_ = std::max(latest_sent_us_, static_cast<std::int64_t>(state.highest));
        return true;
    }
    const Pair pair{state.sender_id, state.epoch};
    if (find(pair) != nullptr) return false;
    Sealer* const sealer = add(pair, now);
    if (sealer == nullptr) {
        forgotten_sent_us_ = std::max(forgotten_sent_us_, state.sent_at);
        return false;
    }
    sealer->sent_at_us = state.sent_at;
    sealer->highest = state.highest;
    const auto beyond_first = std::span(state.seen).subspan(1);
    const auto is_used = [](std::uint64_t word) { return word != 0; };
    if (state.highest >= kWordBits || std::ranges::any_of(beyond_first, is_used)) {
        sealer->words = std::make_unique<std::array<std::uint64_t, kSealWindow / 64>>(state.seen);
    } else {
        sealer->first_word = state.seen[0];
    }
    const Clock::Instant heard{Clock::Instant::duration(state.last_heard)};
    sealer->last_heard = std::min(heard, now);
    return true;
}

}  // namespace mailslot::trust
