// Recognizes sealed datagrams that came before: docs/protocol/frame.md, "Copies and replays" and
// "Forgotten senders". Pure.
// Threads: one at a time.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <unordered_map>

#include "base/clock.h"
#include "trust/seal.h"
#include "wire/office_state.h"

namespace mailslot::trust {

// T: the most that a sender's clock may be off, and that a datagram may be late.
inline constexpr std::chrono::minutes kMostClockDifference{10};
// A pair (sender, epoch) is remembered for this time after its last datagram.
inline constexpr std::chrono::minutes kSealersFor = 2 * kMostClockDifference;
// 220 new processes a second for all of kSealersFor; 20 MiB if each has sealed little.
inline constexpr std::size_t kMaxSealers = 262144;
inline constexpr std::uint64_t kSealWindow = 1024;

// Returns whether a datagram sent at `sent_at_us` may be accepted at `now_us`; both in Unix time.
bool is_timely(std::int64_t sent_at_us, std::int64_t now_us);

class ReplayWindows {
public:
    explicit ReplayWindows(std::size_t max_sealers = kMaxSealers) : max_sealers_(max_sealers) {}

    // Returns whether a datagram with this stamp came before or lies below its window. Changes
    // nothing.
    bool has_seen(const Stamp& stamp);
    enum class Noted : std::uint8_t {
        taken,
        no_room,   // for the sender
        from_past  // far older than others that came: timely only by a clock that was set back
    };
    // Notes an opened datagram that has_seen() does not know.
    Noted note(const Stamp& stamp, std::int64_t sent_at_us, Clock::Instant now);
    std::size_t sealers() const { return sealers_.size(); }

    // Saves the windows for the next post office.
    void save(const std::function<void(const wire::SealerState&)>& to) const;
    // Returns false if no window can have this state, or if there is no room.
    bool restore(const wire::SealerState& state, Clock::Instant now);

private:
    struct Pair {
        std::uint64_t sender_id = 0, epoch = 0;
        bool operator==(const Pair&) const = default;
    };
    struct PairHash {
        std::size_t operator()(const Pair& pair) const;
    };
    // Bit i of the window stands for counters equal to i modulo 1024. Most processes seal few
    // datagrams: a single word is enough while all counters are below 64.
    struct Sealer {
        std::uint64_t highest = 0;
        std::uint64_t first_word = 0;
        std::unique_ptr<std::array<std::uint64_t, kSealWindow / 64>> words;
        std::int64_t sent_at_us = 0;  // the latest
        Clock::Instant last_heard{};
        std::list<Pair>::iterator by_age{};

        bool has(std::uint64_t counter) const;
        void set(std::uint64_t counter);
        void advance_to(std::uint64_t counter);
    };

    bool is_from_past(const Sealer* sealer, const Stamp& stamp, std::int64_t sent_at_us) const;
    Sealer* find(const Pair& pair);
    Sealer* add(const Pair& pair, Clock::Instant now);
    void forget_old(Clock::Instant now);

    const std::size_t max_sealers_;
    // The latest time sent: of forgotten senders' datagrams, and of all datagrams.
    std::int64_t forgotten_sent_us_ = 0, latest_sent_us_ = 0;
    std::unordered_map<Pair, Sealer, PairHash> sealers_;
    std::list<Pair> by_age_;  // longest silent first
    Pair found_pair_{};
    Sealer* found_ = nullptr;  // result of the last find(); a sender's datagrams come together
};

}  // namespace mailslot::trust
