// The memory that the queue keeps: docs/inbox.md section 8.

#include <algorithm>
#include <mutex>

#include "base/crash_point.h"
#include "inbox/inbox.h"

namespace mailslot::inbox {
namespace {

// Blocks that the reader provides ahead, 2 MiB.
constexpr std::uint32_t kBackAtOnce = 32;

}  // namespace

// Maps all pages of a newly backed block by one call, which spares a page fault for each.
void Inbox::enter(std::uint32_t block) {
    if (touched_.empty()) touched_.resize(segment_->geometry().block_count);
    if (touched_[block]) return;
    touched_[block] = true;
    (void)segment_->reserve(block);
}

void Inbox::leave(std::uint32_t block) {
    if (block == kNoBlock) return;
    segment_->state(block).store(BlockState::free_backed, std::memory_order_release);
    // A hint for writers: they take the lowest free block next, so a short queue stays in few
    // blocks.
    auto& hint = segment_->header().next_block;
    if (block < hint.load(std::memory_order_relaxed)) hint.store(block, std::memory_order_relaxed);
    highest_left_ = std::max(highest_left_, block);
    if (!trim_is_asked_for_ && ask_for_trim_) {
        trim_is_asked_for_ = true;
        ask_for_trim_();
    }
    MAILSLOT_CRASH_POINT(reader_left_block);
}

// Gives back memory that the queue has not needed since the last look: all free blocks if nothing
// was read, otherwise those above the highest block that the reader left.
bool Inbox::trim() {
    for (int i = 0; i < kTrimsAtOnce; ++i) {  // readers get the mutex in between
        const os::BiasedMutex::Guest guest(mutex_);
        const bool is_idle = trimmed_at_count_ == consumed_count_;
        if (nothing_waits()) provides_ = false;
        const std::uint32_t needed = is_idle ? 0 : std::max(highest_left_ + 1, kWarmBlocks);
        if (trim_blocks(needed, kTrimAtOnce)) continue;
        trimmed_at_count_ = consumed_count_;
        highest_left_ = 0;
        trim_is_asked_for_ = !is_idle;
        return trim_is_asked_for_;
    }
    return true;
}

void Inbox::back_ahead() {
    const os::BiasedMutex::Guest guest(mutex_);
    if (closed_) return;
    provides_ = true;
    const std::uint32_t count = segment_->geometry().block_count;
    if (touched_.empty()) touched_.resize(count);
    Header& header = segment_->header();
    const std::uint32_t hint = header.next_block.load(std::memory_order_relaxed) % count;
    std::uint32_t ahead = 0;
    for (std::uint32_t i = 0; i < count && ahead < kBackAtOnce; ++i) {
        const std::uint32_t block = (hint + i) % count;
        const BlockState state = segment_->state(block).load(std::memory_order_relaxed);
        if (state == BlockState::free && !back_free_block(block)) break;
        if (state != BlockState::used) ++ahead;
    }
    header.room_wanted.store(0, std::memory_order_seq_cst);
    os::futex_wake_all(header.room_wanted);
    if (!trim_is_asked_for_ && ask_for_trim_) {
        trim_is_asked_for_ = true;
        ask_for_trim_();
    }
}

// Returns false if there is no memory for the block.
bool Inbox::back_free_block(std::uint32_t block) {
    auto& state = segment_->state(block);
    BlockState seen = BlockState::free;
    if (!state.compare_exchange_strong(seen, BlockState::used, std::memory_order_acquire)) {
        return true;  // a writer was quicker
    }
    touched_[block] = backing_.may_take(kBlockBytes) && segment_->reserve(block).has_value();
    state.store(touched_[block] ? BlockState::free_backed : BlockState::free,
                std::memory_order_release);
    return touched_[block];
}

// Returns whether the block is kept for writers that may not take memory themselves: near the hint,
// as long as messages wait.
bool Inbox::is_provided(std::uint32_t block) const {
    if (!provides_) return false;
    const std::uint32_t count = segment_->geometry().block_count;
    const std::uint32_t hint =
        segment_->header().next_block.load(std::memory_order_relaxed) % count;
    return (block + count - hint) % count < 2 * kBackAtOnce;
}

// Gives back backed free blocks from `first` on, at most `most`. Returns whether there may be more.
bool Inbox::trim_blocks(std::uint32_t first, std::uint32_t most) {
    for (std::uint32_t block = first; block < touched_.size(); ++block) {
        if (!touched_[block] || is_provided(block)) continue;
        auto& state = segment_->state(block);
        BlockState seen = BlockState::free_backed;
        if (!state.compare_exchange_strong(seen, BlockState::used)) continue;
        if (most-- == 0) {
            state.store(BlockState::free_backed, std::memory_order_release);
            return true;
        }
        segment_->release(block);
        touched_[block] = false;
        state.store(BlockState::free, std::memory_order_release);
    }
    return false;
}

}  // namespace mailslot::inbox
