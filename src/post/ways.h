// By which ways a sender's messages come, and how far each has got: docs/post-office.md, "Order".
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace mailslot::post {

// A machine with four interfaces in both families sends by eight; as many may be old ones.
inline constexpr std::size_t kMaxWays = 16;
// How far copies of a datagram are apart by two ways, at most; and so how long a message waits for
// lower numbers. Shorter than anybody notices.
inline constexpr std::chrono::milliseconds kOrderPatience{20};
// Further ways of a sender may show until so many parcels of it came, and kOrderPatience is over:
// the one is for writers that put little, the other for those that put much.
inline constexpr std::uint32_t kParcelsToKnowWays = 64;
// A way that was waited for in vain so often, without a word in between, is waited for no more.
inline constexpr std::uint32_t kMostWaitsInVain = 8;

class Ways {
public:
    // The sender has sent all numbers below `next` by this way, before what came now.
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
    // Whether nothing below `sequence` is on its way any more.
    bool have_passed(std::uint64_t sequence, Clock::Instant now) const;
    // What is missing below `sequence` was waited for, and did not come.
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
    std::uint32_t parcels_ = 0;  // that came; counts no further than kParcelsToKnowWays
    Clock::Instant first_heard_{};
};

}  // namespace mailslot::post
