// Fast path of RecordWriter::append, for a single message, in a single function. The steps are
// those of docs/inbox.md section 3, which says why they are correct. The order differs in a single
// step, for speed: the clock is read while the payload's stores are on their way. Fetching a cache
// line from the reader's processor takes as long as reading the processor's counter, and the two
// overlap.
#pragma once

#include <algorithm>
#include <cstring>

#include "base/crash_point.h"
#include "inbox/record_writer.h"

namespace mailslot::inbox {

// For the lock's holder: no other writer changes the selected tail.
[[gnu::always_inline]] inline TailCopy RecordWriter::own_tail() const {
    const Tail& tail = header_.tails[header_.selector.load(std::memory_order_relaxed) & 1];
    return {
        {tail.block.load(std::memory_order_relaxed), tail.offset.load(std::memory_order_relaxed)},
        tail.count.load(std::memory_order_relaxed),
        tail.bytes.load(std::memory_order_relaxed)};
}

// Prepares the new tail, commits by the first record's word, then selects the new tail.
[[gnu::always_inline]] inline void RecordWriter::make_visible(
    const TailCopy& tail, std::atomic<std::uint64_t>& first_word, std::uint64_t commit) {
    Header& header = header_;  // a copy, which no store can change
    const std::uint32_t selector = header.selector.load(std::memory_order_relaxed);
    Tail& next = header.tails[(selector + 1) & 1];
    next.block.store(tail.at.block, std::memory_order_release);
    next.offset.store(tail.at.offset, std::memory_order_release);
    next.count.store(tail.count, std::memory_order_release);
    next.bytes.store(tail.bytes, std::memory_order_release);
    MAILSLOT_CRASH_POINT(tail_prepared);
    first_word.store(commit, std::memory_order_release);
    MAILSLOT_CRASH_POINT(committed);
    header.selector.store(selector + 1, std::memory_order_release);
    MAILSLOT_CRASH_POINT(tail_selected);
}

// Writes the header of a record that does not continue another, without its commit word.
inline void RecordWriter::write_fields(std::byte* record, const Item& item) {
    const std::uint64_t fields[] = {item.origin, item.sequence,
                                    static_cast<std::uint64_t>(item.sent_at_us)};
    static_assert(8 + sizeof(fields) == kRecordHeaderBytes);
    std::memcpy(record + 8, fields, sizeof(fields));
}

// Returns whether the item may continue the last record, so that it need not repeat that header.
inline bool RecordWriter::may_continue_last(const Item& item) const {
    return last_.origin == item.origin && last_.sequence + 1 == item.sequence &&
           last_.kind == item.kind && last_.meta_size == item.meta.size() &&
           std::equal(item.meta.begin(), item.meta.end(), last_.meta.begin());
}

inline void RecordWriter::remember(const TailCopy& tail, const Item& last) {
    last_.count = tail.count;
    last_.origin = last.origin;
    last_.sequence = last.sequence;
    last_.sent_at_us = last.sent_at_us;
    last_.kind = last.kind;
    last_.meta_size = last.meta.size();
    if (!last.meta.empty()) std::copy(last.meta.begin(), last.meta.end(), last_.meta.begin());
}

template <class Now>
[[gnu::always_inline]] inline bool RecordWriter::append_now(Item& item, const Now& now) {
    const Segment& segment = segment_;
    TailCopy tail = own_tail();
    const std::size_t size = item.payload.size();
    const bool continues = last_.count == tail.count && may_continue_last(item);
    const Position at = tail.at;
    const std::uint32_t header_bytes = continues ? kContinuedHeaderBytes : kRecordHeaderBytes;
    const std::uint64_t end = aligned_to_record(at.offset + header_bytes + std::uint64_t{size});
    if (!is_possible(at, segment.geometry().block_count) || end >= kBlockBytes ||
        size > segment.geometry().limits.max_message_bytes || !quotas_.allow(tail, size))
        [[unlikely]]
        return false;
    std::byte* const record = segment.block(at.block) + at.offset;
    if (size > 0) std::memcpy(record + header_bytes, item.payload.data(), size);
    MAILSLOT_CRASH_POINT(payload_written);
    const Position next{at.block, static_cast<std::uint32_t>(end)};
    // Zeroes the next record's place before this record becomes visible, so that it reads as
    // "nothing".
    segment.word(next).store(0, std::memory_order_relaxed);
    item.sent_at_us = now();
    RecordShape shape{size, item.kind, item.format, 0};
    if (continues) [[likely]] {
        shape.kind = RecordKind::continued;
        shape.extra = static_cast<std::uint64_t>(item.sent_at_us) -
                      static_cast<std::uint64_t>(last_.sent_at_us);
        if (shape.extra > kMostDelayUs) [[unlikely]]
            return false;
    } else {
        write_fields(record, item);
    }
    MAILSLOT_CRASH_POINT(header_written);
    tail.at = next;
    tail.count += 1;
    tail.bytes += size;
    make_visible(tail, segment.word(at), to_commit_word(shape));
    remember(tail, item);
    return true;
}

}  // namespace mailslot::inbox
