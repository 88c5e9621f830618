#include "inbox/reader_blocks.h"

#include <algorithm>

#include "base/crash_point.h"
#include "os/futex.h"

namespace mailslot::inbox {
namespace {

// Blocks given back at once, 2 MiB. A reader waits for that at most some 0.2 ms.
constexpr std::uint32_t kTrimAtOnce = 32;
// Blocks that the reader provides ahead, 2 MiB.
constexpr std::uint32_t kBackAtOnce = 32;

}  // namespace

void ReaderBlocks::begin_in(const Segment& segment) {
    segment_ = &segment;
    touched_.clear();
    highest_left_ = 0;
    trimmed_at_count_ = ~std::uint64_t{0};
}

void ReaderBlocks::enter(std::uint32_t block) {
    if (touched_.empty()) touched_.resize(segment_->geometry().block_count);
    if (touched_[block]) return;
    touched_[block] = true;
    (void)segment_->reserve(block);
}

void ReaderBlocks::leave(std::uint32_t block) {
    if (block == kNoBlock) return;
    segment_->state(block).store(BlockState::free_backed, std::memory_order_release);
    // A hint for writers: they take the lowest free block next, so a short queue stays in few
    // blocks.
    auto& hint = segment_->header().next_block;
    if (block < hint.load(std::memory_order_relaxed)) hint.store(block, std::memory_order_relaxed);
    highest_left_ = std::max(highest_left_, block);
    ask_for_trim();
    MAILSLOT_CRASH_POINT(reader_left_block);
}

void ReaderBlocks::ask_for_trim() {
    if (trim_is_asked_for_ || !ask_for_trim_) return;
    trim_is_asked_for_ = true;
    ask_for_trim_();
}

// All free blocks are unneeded if nothing was read, otherwise those above the highest block that
// the reader left.
ReaderBlocks::Trimmed ReaderBlocks::trim(std::uint64_t taken_count, bool nothing_waits) {
    const bool is_idle = trimmed_at_count_ == taken_count;
    if (nothing_waits) provides_ = false;
    const std::uint32_t needed = is_idle ? 0 : std::max(highest_left_ + 1, kWarmBlocks);
    if (trim_from(needed)) return Trimmed::some;
    trimmed_at_count_ = taken_count;
    highest_left_ = 0;
    trim_is_asked_for_ = !is_idle;
    return is_idle ? Trimmed::all : Trimmed::all_for_now;
}

// Gives back backed free blocks from `first` on. Returns whether there may be more.
bool ReaderBlocks::trim_from(std::uint32_t first) {
    std::uint32_t most = kTrimAtOnce;
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

void ReaderBlocks::back_ahead() {
    provides_ = true;
    const std::uint32_t count = segment_->geometry().block_count;
    if (touched_.empty()) touched_.resize(count);
    Header& header = segment_->header();
    const std::uint32_t hint = header.next_block.load(std::memory_order_relaxed) % count;
    std::uint32_t ahead = 0;
    for (std::uint32_t i = 0; i < count && ahead < kBackAtOnce; ++i) {
        const std::uint32_t block = (hint + i) % count;
        const BlockState state = segment_->state(block).load(std::memory_order_relaxed);
        if (state == BlockState::free && !back_free(block)) break;
        if (state != BlockState::used) ++ahead;
    }
    header.room_wanted.store(0, std::memory_order_seq_cst);
    os::futex_wake_all(header.room_wanted);
    ask_for_trim();
}

// Returns false if there is no memory for the block.
bool ReaderBlocks::back_free(std::uint32_t block) {
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
bool ReaderBlocks::is_provided(std::uint32_t block) const {
    if (!provides_) return false;
    const std::uint32_t count = segment_->geometry().block_count;
    const std::uint32_t hint =
        segment_->header().next_block.load(std::memory_order_relaxed) % count;
    return (block + count - hint) % count < 2 * kBackAtOnce;
}

}  // namespace mailslot::inbox
