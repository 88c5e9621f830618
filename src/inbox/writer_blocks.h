// Blocks that a writer takes for its records: docs/inbox.md section 8.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "inbox/backing.h"
#include "inbox/segment.h"
#include "inbox/wants.h"

namespace mailslot::inbox {

// Threads: the lock's holder
class WriterBlocks {
public:
    WriterBlocks(const Segment& segment, Wants& wants) : segment_(segment), wants_(wants) {}

    // Returns the block behind `block`. Takes and links a block if there is none yet.
    // Errors: slot_full, no_resources, bad_segment
    Result<std::uint32_t> next(std::uint32_t block);

    // Says whether this process may take memory for a block.
    Backing& backing() { return backing_; }

private:
    Result<std::uint32_t> take_free();
    bool take(std::uint32_t block, std::optional<Error>& refused);
    bool has_memory(std::uint32_t block);
    Result<void> back(std::uint32_t block);
    void ask_ahead(std::uint32_t block);

    const Segment& segment_;
    Wants& wants_;
    Backing backing_;
};

}  // namespace mailslot::inbox
