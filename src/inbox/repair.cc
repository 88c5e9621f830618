#include "inbox/repair.h"

#include <vector>

namespace mailslot::inbox {
namespace {

bool are_constants_changed(const Segment& segment) {
    const Header& header = segment.header();
    const Geometry& geometry = segment.geometry();
    const Limits& limits = geometry.limits;
    return header.magic != kMagic || header.version != kLayoutVersion ||
           header.block_bytes != kBlockBytes || header.block_count != geometry.block_count ||
           header.max_bytes != limits.max_bytes || header.max_messages != limits.max_messages ||
           header.max_message_bytes != limits.max_message_bytes ||
           header.when_full != static_cast<std::uint32_t>(limits.when_full) ||
           header.require != static_cast<std::uint32_t>(limits.require) ||
           header.order != static_cast<std::uint32_t>(limits.order) ||
           header.kept_bytes != limits.kept_bytes || header.kept_messages != limits.kept_messages;
}

bool record_stands_at(const Segment& segment, Position tail) {
    if (!is_possible(tail, segment.geometry().block_count)) return false;
    if (Segment::is_at_end(tail)) {
        tail = {segment.follow(tail.block), kBlockHeaderBytes};
        if (tail.block == kNoBlock) return false;
    }
    return segment.word(tail).load(std::memory_order_acquire) != 0;
}

// Decides whether the lock's dead holder had committed: docs/inbox.md section 6.
void repair_tail(const RecordReader& records) {
    Header& header = records.segment().header();
    const std::uint32_t selector = header.selector.load(std::memory_order_acquire);
    const TailCopy tail = read_tail(header);
    const std::uint64_t consumed = records.consumed().count;
    const bool committed_and_read = consumed > tail.count;
    // A committed but unread record stands at the selected tail. Records read earlier stand before
    // it.
    const bool committed_unread =
        consumed <= tail.count && record_stands_at(records.segment(), tail.at);
    if (committed_and_read || committed_unread) {
        header.selector.store(selector + 1, std::memory_order_release);
    }
}

// Frees a block whose writer died after taking it and before linking it. Such a block is on no
// chain from the read position.
void free_unlinked_blocks(const Segment& segment, std::uint32_t read_block) {
    const std::uint32_t count = segment.geometry().block_count;
    std::vector<bool> linked(count, false);
    std::uint32_t block = read_block;
    if (block != kNoBlock) linked[block] = true;
    for (std::uint32_t i = 0; i < count; ++i) {
        block = segment.follow(block);
        if (block == kNoBlock || linked[block]) break;
        linked[block] = true;
    }
    for (block = 0; block < count; ++block) {
        auto& state = segment.state(block);
        if (linked[block] || state.load(std::memory_order_acquire) != BlockState::used) continue;
        segment.release(block);
        state.store(BlockState::free, std::memory_order_release);
    }
}

}  // namespace

bool is_damaged(const RecordReader& records) {
    const Header& header = records.segment().header();
    const Geometry& geometry = records.segment().geometry();
    const Consumed& consumed = records.consumed();
    if (are_constants_changed(records.segment()) ||
        header.closed.load(std::memory_order_relaxed) != 0 ||
        header.consumed_count.load(std::memory_order_relaxed) != consumed.count ||
        header.consumed_bytes.load(std::memory_order_relaxed) != consumed.bytes) {
        return true;
    }
    // Looks at the lock before the tail: while the lock is free, the tail includes all that could
    // be read.
    const bool is_settled = header.lock.load(std::memory_order_acquire) == 0;
    const TailCopy tail = read_tail(header);
    if (!is_possible(tail.at, geometry.block_count)) return true;
    if (tail.count < consumed.count || tail.bytes < consumed.bytes) return is_settled;
    if (tail.count - consumed.count > geometry.limits.max_messages ||
        tail.bytes - consumed.bytes > geometry.limits.max_bytes) {
        return true;
    }
    return tail.count > consumed.count && records.nothing_waits();
}

void free_lock(const RecordReader& records) {
    repair_tail(records);
    free_unlinked_blocks(records.segment(), records.position().block);
    records.segment().header().lock.store(0, std::memory_order_seq_cst);
}

}  // namespace mailslot::inbox
