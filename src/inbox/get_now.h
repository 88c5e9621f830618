// The straight way of a message that waits: what Inbox::get does where nothing is in the way, in
// one run without a call. docs/inbox.md section 4 says why it is correct; here it is only short.
#pragma once

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/crash_point.h"
#include "inbox/inbox.h"

namespace mailslot::inbox {

// Writes a word in each cache line that was read, so that the line is ours already when a writer
// comes round again; behind it is the next record's place.
inline void Inbox::move_on(Position end) {
    const Segment& segment = *segment_;
    for (Position line = read_; line.offset < end.offset; line.offset += kRecordAlignment) {
        segment.word(line).store(0, std::memory_order_relaxed);
    }
    read_ = end;
}

inline void Inbox::publish() {
    Header& header = segment_->header();
    header.consumed_bytes.store(consumed_bytes_, std::memory_order_release);
    header.consumed_count.store(consumed_count_, std::memory_order_release);
    if (header.room_wanted.load(std::memory_order_relaxed) != 0) [[unlikely]]
        serve_room();
}

// Whether the straight way can take it.
inline bool Inbox::may_follow(const RecordShape& shape) const {
    return shape.is_continued() ? last_.kind != RecordKind::continued
                                : shape.kind == RecordKind::local;
}

inline void Inbox::continue_fields(const RecordShape& shape) {
    last_.sequence += 1;
    // Far from overflow: read_fields saw to that.
    last_.sent_at_us += static_cast<std::int64_t>(shape.extra);
}

inline void Inbox::read_fields(const std::byte* record, const RecordShape& shape) {
    std::uint64_t fields[3];
    static_assert(8 + sizeof(fields) == kRecordHeaderBytes);
    std::memcpy(fields, record + 8, sizeof(fields));
    last_.kind = shape.kind;
    last_.origin = fields[0];
    last_.sequence = fields[1];
    // Whoever writes such a time means none; microseconds as a chrono duration in nanoseconds end
    // there.
    constexpr auto kLast = std::numeric_limits<std::int64_t>::max() / 2000;
    last_.sent_at_us = std::clamp(static_cast<std::int64_t>(fields[2]), -kLast, kLast);
    last_.meta_number += 1;
    last_.meta_size = static_cast<std::uint16_t>(shape.extra);
}

// Counts what was taken without a pause; true: time to see how far behind we are.
inline bool Inbox::is_long_run() { return ++run_ >= gather_after_; }

template <class Use>
[[gnu::always_inline]] inline bool Inbox::get_now(std::string& payload, const Use& use) {
    bool is_long = false;
    {
        std::lock_guard lock(mutex_);
        if (!take_now(payload)) return false;
        is_long = is_long_run();
        use(last_);
    }
    if (is_long) [[unlikely]]
        let_some_come();
    return true;
}

[[gnu::always_inline]] inline bool Inbox::take_now(std::string& payload) {
    // At a block's end the place of the next record is in another block.
    if (!is_plain_ || Segment::is_at_end(read_)) [[unlikely]]
        return false;
    const Segment& segment = *segment_;
    std::byte* const block = segment.block(read_.block);
    const std::byte* const record = block + read_.offset;
    const std::uint64_t word = segment.word(read_).load(std::memory_order_acquire);
    RecordShape shape;
    if (!from_commit_word(word, segment.geometry().limits.max_message_bytes, shape) ||
        !may_follow(shape)) [[unlikely]]
        return false;
    const std::uint64_t end = aligned_to_record(read_.offset + shape.header_bytes() + shape.size);
    if (end > kBlockBytes) [[unlikely]]
        return false;
    // May throw: then nothing was read.
    if (payload.size() != shape.size) payload.resize(shape.size);
    if (shape.is_continued()) [[likely]] {
        continue_fields(shape);
    } else {
        read_fields(record, shape);
    }
    last_.format = shape.format;
    MAILSLOT_CRASH_POINT(reader_copying);
    std::memcpy(payload.data(), record + shape.header_bytes(), shape.size);
    move_on({read_.block, static_cast<std::uint32_t>(end)});
    consumed_count_ += 1;
    consumed_bytes_ += shape.size;
    MAILSLOT_CRASH_POINT(reader_before_publish);
    publish();
    return true;
}

}  // namespace mailslot::inbox
