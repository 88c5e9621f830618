// Blocks that the reading end enters, leaves, provides ahead and gives back: docs/inbox.md
// section 8.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "inbox/backing.h"
#include "inbox/segment.h"

namespace mailslot::inbox {

// How long unneeded memory is kept for later use: after so long a pause, a page fault does not
// matter.
inline constexpr std::chrono::milliseconds kTrimAfter{100};

// Threads: one at a time
class ReaderBlocks {
public:
    // `backing` says whether this process may provide memory.
    ReaderBlocks(const Segment& segment, Backing backing)
        : segment_(&segment), backing_(std::move(backing)) {}
    void begin_in(const Segment& segment);  // another one

    // Maps all pages of a newly backed block by one call, which spares a page fault for each.
    void enter(std::uint32_t block);
    // Frees a block that was read. kNoBlock is none.
    void leave(std::uint32_t block);

    // Sets a function that is called when there may be memory to give back in a while.
    void on_spare_memory(std::function<void()> ask) { ask_for_trim_ = std::move(ask); }
    // Gives back memory that the queue has not needed since the last look, at most 2 MiB.
    // `taken_count` is the number of messages ever taken out.
    enum class Trimmed { some, all, all_for_now };  // for now: look again in kTrimAfter
    Trimmed trim(std::uint64_t taken_count, bool nothing_waits);
    // Gives back all that is free, at most 2 MiB. Returns whether there may be more.
    bool trim_all() { return trim_from(0); }

    // Provides memory ahead for writers that may not take it themselves, and wakes them.
    // docs/memory.md
    void back_ahead();

private:
    bool trim_from(std::uint32_t first);
    bool back_free(std::uint32_t block);
    bool is_provided(std::uint32_t block) const;
    void ask_for_trim();

    const Segment* segment_;
    // Blocks that this process has touched since they were backed.
    std::vector<bool> touched_;
    std::uint32_t highest_left_ = 0;  // since the last look
    std::uint64_t trimmed_at_count_ = 0;
    bool trim_is_asked_for_ = false;
    bool provides_ = false;  // back_ahead() was called, and messages wait since
    std::function<void()> ask_for_trim_;
    Backing backing_;
};

}  // namespace mailslot::inbox
