// Waits for the next reader of a slot while a stream goes to a slot without a reader.
#pragma once

#include <chrono>
#include <optional>
#include <thread>

#include "mailslot/slot_info.h"

namespace mailslot::cli {

class Absence {
public:
    using Instant = std::chrono::steady_clock::time_point;

    // `patience`: how long a reader may be away. Below 0: for ever.
    explicit Absence(Timeout patience) : patience_(patience) {}

    // Returns whether there is still time to wait for a reader. Once the patience is over, no
    // message waits until end().
    bool may_wait(Instant now) {
        if (patience_.count() < 0) return true;
        if (!since_) since_ = now;
        return now - *since_ < patience_;
    }
    // Waits a moment until the next look for a reader.
    static void wait() { std::this_thread::sleep_for(kLookAgain); }
    // Notes that a reader is there.
    void end() { since_.reset(); }

private:
    // A look takes some 50 us, and a person notices no delay below 100 ms.
    static constexpr std::chrono::milliseconds kLookAgain{50};

    const Timeout patience_;
    std::optional<Instant> since_{};
};

}  // namespace mailslot::cli
