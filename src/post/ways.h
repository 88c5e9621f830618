// Ways by which a sender's messages come, and how far each has got: docs/post-office.md, "Order".
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace mailslot::post {

// A machine with four interfaces in both families sends by eight ways. The rest is room for old
// ways.
inline constexpr std::size_t kMaxWays = 16;
// Longest time between copies of a datagram by two ways, and so the longest wait of a message for
// lower numbers. Too short for anybody to notice.
inline constexpr std::chrono::milliseconds kOrderPatience{20};
// Further ways of a sender may show until this many parcels came and kOrderPatience is over: the
// count is for writers that put little, the time for writers that put much.
inline constexpr std::uint32_t kParcelsToKnowWays = 64;
// After this many waits in vain, without a word in between, a way is not waited for until it is
// heard.
inline constexpr std::uint32_t kMostWaitsInVain = 8;

class Ways {
public:
    // Notes that all numbers below `next` were sent by this way before the present word.
    void heard(std::uint32_t way, std::uint64_t next, Clock::Instant now) {
        if (parcels_ < kParcelsToKnowWays && parcels_++ == 0) first_heard_ = now;
        for (Way& known : ways_) {
            if (known.id != way) continue;
            if (known.next < next) known.next = next;
            known.waits_in_vain = 0;
            return;
        }
        add(way, next);
    }
    bool is_new() const { return ways_.empty(); }
    // Returns true if nothing below `sequence` can still be on its way.
    bool have_passed(std::uint64_t sequence, Clock::Instant now) const;
    // Notes that the wait for missing numbers below `sequence` was in vain.
    void waited_in_vain(std::uint64_t sequence);

private:
    struct Way {
        std::uint64_t next = 0;
        std::uint32_t id = 0;
        std::uint32_t waits_in_vain = 0;
    };
    void add(std::uint32_t id, std::uint64_t next);
    bool are_known(Clock::Instant now) const {
        return parcels_ >= kParcelsToKnowWays && now - first_heard_ >= kOrderPatience;
    }
    bool is_known_to_be_only_one() const { return ways_.size() == 1 && ways_[0].id == 0; }

    std::vector<Way> ways_;
    std::uint32_t parcels_ = 0;  // heard so far, at most kParcelsToKnowWays
    Clock::Instant first_heard_{};
};

}  // namespace mailslot::post
