// Whether this process may take memory for a slot, where a control group limits it: docs/memory.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "os/memory_limit.h"

namespace mailslot::inbox {

// Threads: one at a time
class Backing {
public:
    // The share of a limit that a process takes for slots of another user, and the share that it
    // leaves free.
    static constexpr std::uint64_t kSharesOfLimit = 8;

    explicit Backing(os::MemoryLimit limit = os::MemoryLimit()) : limit_(std::move(limit)) {}

    // Makes the slot another user's. `backed` returns the bytes that slots of that user have.
    void share(std::function<std::uint64_t()> backed) { backed_ = std::move(backed); }

    bool is_shared() const { return backed_ != nullptr; }

    // Returns whether this process may take so much more memory for the slot.
    bool may_take(std::size_t bytes) {
        const auto room = limit_.room();
        is_limited_ = room.has_value();
        if (!room) return true;
        const std::uint64_t share = room->limit / kSharesOfLimit;
        if (room->left < share + bytes) return false;
        return !backed_ || backed_() + bytes <= share;
    }

    // Returns whether another user's claims of memory must be checked: there is a limit.
    bool is_checked() {
        if (!is_shared()) return false;
        is_limited_ = limit_.room().has_value();
        return is_limited_;
    }

    // Returns whether the reader should provide memory before it is needed.
    bool reader_provides() const { return is_limited_ && is_shared(); }

private:
    os::MemoryLimit limit_;
    bool is_limited_ = false;  // as of the last question
    std::function<std::uint64_t()> backed_;
};

}  // namespace mailslot::inbox
