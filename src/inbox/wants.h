// Requests of a writer to the station of the reading process.
#pragma once

#include <atomic>
#include <cstdint>

namespace mailslot::inbox {

// To ring, if somebody polls the slot and the writer lacks the event descriptor; to make room, in a
// slot that drops its oldest; to provide memory (docs/memory.md).
enum Want : std::uint8_t { kWantsNothing = 0, kWantsRing = 1, kWantsRoom = 2, kWantsMemory = 4 };

// Requests that are not sent yet.
// Threads: any, at once
class Wants {
public:
    void add(Want what) { wants_.fetch_or(what, std::memory_order_relaxed); }
    // Returns the requests since the last call.
    std::uint8_t take() {
        if (wants_.load(std::memory_order_relaxed) == kWantsNothing) [[likely]]
            return kWantsNothing;
        return wants_.exchange(kWantsNothing, std::memory_order_relaxed);
    }

private:
    std::atomic<std::uint8_t> wants_{kWantsNothing};
};

}  // namespace mailslot::inbox
