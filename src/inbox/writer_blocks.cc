#include "inbox/writer_blocks.h"

#include <algorithm>

#include "base/crash_point.h"

namespace mailslot::inbox {
namespace {

// The reader is asked for memory when this block ahead has none: half of what it then provides.
constexpr std::uint32_t kAskAhead = 16;
constexpr std::uint32_t kAskEvery = 4;  // blocks
// Blocks of another user's slot that a put looks at for a free one, 4 GiB. A hostile slot may have
// 2^27 that are used.
constexpr std::uint32_t kMostLooks = 65536;

}  // namespace

Result<std::uint32_t> WriterBlocks::next(std::uint32_t block) {
    auto& link = segment_.link(block);
    if (link.load(std::memory_order_acquire) != 0) {
        const std::uint32_t linked = segment_.follow(block);
        if (linked == kNoBlock) return Error{Errc::bad_segment, "put"};
        return linked;
    }
    const auto taken = take_free();
    if (!taken) return taken;
    MAILSLOT_CRASH_POINT(block_taken);
    segment_.link(*taken).store(0, std::memory_order_relaxed);
    segment_.word({*taken, kBlockHeaderBytes}).store(0, std::memory_order_relaxed);
    link.store(*taken + 1, std::memory_order_release);
    MAILSLOT_CRASH_POINT(block_linked);
    return taken;
}

Result<std::uint32_t> WriterBlocks::take_free() {
    const std::uint32_t count = segment_.geometry().block_count;
    std::optional<Error> refused;
    for (std::uint32_t block = 0; block < std::min(kWarmBlocks, count); ++block) {
        if (take(block, refused)) return block;
    }
    // The reader turns the hint back to the blocks that it has left, so that memory in hand is
    // taken first.
    auto& next_block = segment_.header().next_block;
    const std::uint32_t hint = next_block.load(std::memory_order_relaxed) % count;
    const std::uint32_t looks = backing_.is_shared() ? std::min(count, kMostLooks) : count;
    for (std::uint32_t i = 0; i < looks; ++i) {
        const std::uint32_t block = (hint + i) % count;
        if (take(block, refused)) {
            next_block.store(block + 1, std::memory_order_relaxed);
            ask_ahead(block);
            return block;
        }
    }
    if (looks < count) next_block.store(hint + looks, std::memory_order_relaxed);
    if (refused) return *refused;
    return Error{Errc::slot_full, "put"};  // by geometry_for, only in a damaged segment
}

void WriterBlocks::ask_ahead(std::uint32_t block) {
    if (!backing_.reader_provides() || block % kAskEvery != 0) return;
    const std::uint32_t soon = (block + kAskAhead) % segment_.geometry().block_count;
    if (segment_.state(soon).load(std::memory_order_relaxed) == BlockState::free)
        wants_.add(kWantsMemory);
}

// The reader may trim a backed block at the same moment, so a block is taken by compare-and-swap.
// Once backing a block was refused, only blocks that have memory are taken.
bool WriterBlocks::take(std::uint32_t block, std::optional<Error>& refused) {
    auto& state = segment_.state(block);
    BlockState seen = state.load(std::memory_order_acquire);
    if (seen == BlockState::free_backed &&
        state.compare_exchange_strong(seen, BlockState::used, std::memory_order_acquire)) {
        if (has_memory(block)) return true;
        state.store(BlockState::free, std::memory_order_release);
    }
    if (refused) return false;
    seen = BlockState::free;
    if (!state.compare_exchange_strong(seen, BlockState::used, std::memory_order_acquire))
        return false;
    const auto backed = back(block);
    if (backed) return true;
    state.store(BlockState::free, std::memory_order_release);
    refused = backed.error();
    return false;
}

// Returns whether the block has the memory that its state claims. Matters only where another user
// could make this process take memory above its share.
bool WriterBlocks::has_memory(std::uint32_t block) {
    return !backing_.is_checked() || segment_.is_backed(block);
}

Result<void> WriterBlocks::back(std::uint32_t block) {
    if (!backing_.may_take(kBlockBytes)) {
        wants_.add(kWantsMemory);
        return Error{Errc::no_resources, "put", 0,
                     "the memory limit of this process leaves no room for the slot"};
    }
    if (segment_.reserve(block)) return {};
    return Error{Errc::no_resources, "put", 0, "no memory for the slot"};
}

}  // namespace mailslot::inbox
