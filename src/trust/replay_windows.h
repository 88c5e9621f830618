// Which sealed datagrams came before: docs/protocol/frame.md, "Copies and replays", "Forgotten
// senders". Pure. Threads: one uses it.
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

// T: how far a sender's clock may be off, and how late a datagram may come.
inline constexpr std::chrono::minutes kMostClockDifference{10};
// A pair is remembered for so long after its last datagram.
inline constexpr std::chrono::minutes kSealersFor = 2 * kMostClockDifference;
// 220 new processes a second, for all of that time; 20 MiB where each has sealed little.
inline constexpr std::size_t kMaxSealers = 262144;
inline constexpr std::uint64_t kSealWindow = 1024;

// Whether a datagram that says it was sent then may be taken now; both in Unix time.
bool is_timely(std::int64_t sent_at_us, std::int64_t now_us);

class ReplayWindows {
public:
    explicit ReplayWindows(std::size_t max_sealers = kMaxSealers) : max_sealers_(max_sealers) {}

    // Whether a datagram with this stamp came before, or lies below its window. Changes nothing.
    bool has_seen(const Stamp& stamp);
    enum class Noted : std::uint8_t {
        taken,
        no_room,   // for its sender
        from_past  // sent so long before others that came that only a clock which was set back
                   // makes it timely
    };
    // Notes one that has been opened and that has_seen() does not know.
    Noted note(const Stamp& stamp, std::int64_t sent_at_us, Clock::Instant now);
    std::size_t sealers() const { return sealers_.size(); }

    // On their way to the next post office.
    void save(const std::function<void(const wire::SealerState&)>& to) const;
    // False: no window can look like that, or there is no room.
    bool restore(const wire::SealerState& state, Clock::Instant now);

private:
    struct Pair {
        std::uint64_t sender_id = 0, epoch = 0;
        bool operator==(const Pair&) const = default;
    };
    struct PairHash {
        std::size_t operator()(const Pair& pair) const;
    };
    // Bit i of the window is that of counters with i modulo 1024. Most processes seal a few
    // datagrams: as long as no counter is over 64 one word does.
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
    // The latest times of what was taken: from senders that were forgotten, and from all.
    std::int64_t forgotten_sent_us_ = 0, latest_sent_us_ = 0;
    std::unordered_map<Pair, Sealer, PairHash> sealers_;
    std::list<Pair> by_age_;  // silent for longest first
    Pair found_pair_{};
    Sealer* found_ = nullptr;  // by the last find(); datagrams of one sender come together
};

}  // namespace mailslot::trust
