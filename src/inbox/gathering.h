// When a reader right behind the writers waits for more messages: docs/inbox.md section 4.
#pragma once

#include <algorithm>
#include <cstdint>

namespace mailslot::inbox {

// A reader right behind a writer makes each of them fetch cache lines that the other is about to
// use, and a message costs both several times as much as if they were some hundred messages apart.
// So a reader that took many messages in a row, without a pause longer than a few looks in vain,
// and finds hardly any more, waits a few us. If few messages come meanwhile, it does so more and
// more rarely.
// Threads: one at a time
class Gathering {
public:
    // Counts a message taken without a pause. Returns true if the reader should see how far behind
    // the writers it is.
    bool is_due() { return ++in_a_row_ >= after_; }
    void begin_anew() { in_a_row_ = 0; }  // after a pause
    static bool is_close(std::uint64_t waiting) { return waiting < kApart; }
    static void wait();
    // Tells how many messages waited before and after the wait.
    void settle(std::uint64_t before, std::uint64_t after) {
        after_ = after >= before + kGathered ? kAfter : std::min(2 * after_, kRarely);
    }

private:
    static constexpr std::uint32_t kAfter = 64;
    static constexpr std::uint32_t kRarely = 64 * 1024;
    static constexpr std::uint64_t kApart = 256;
    static constexpr std::uint64_t kGathered = 16;  // so many must come to be worth the wait

    std::uint32_t in_a_row_ = 0,
                  after_ = kAfter;  // messages in a row, and after how many it is due
};

}  // namespace mailslot::inbox
