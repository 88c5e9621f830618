// Fast path of RecordReader::take, in a single function: a message waits in the block at hand.
// docs/inbox.md section 4 says why it is correct.
#pragma once

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/crash_point.h"
#include "inbox/record_reader.h"
#include "model/contents.h"

namespace mailslot::inbox {

// --- The envelope of a record, made from that of the record before

// Returns whether the fast path can take a record of that shape after `last`.
inline bool may_follow(const RecordEnvelope& last, const RecordShape& shape) {
    return shape.kind >= RecordKind::continued ? last.kind != RecordKind::continued
                                               : shape.kind == RecordKind::local;
}

// Limits a time that a hostile writer made up. Within these limits, microseconds fit a chrono
// duration in nanoseconds, and adding the delays of continued messages does not overflow.
inline std::int64_t sane_time(std::int64_t unix_us) {
    constexpr auto kLast = std::numeric_limits<std::int64_t>::max() / 2000;
    return std::clamp(unix_us, -kLast, kLast);
}

inline void continue_fields(RecordEnvelope& last, const RecordShape& shape) {
    last.sequence += 1;
    last.sent_at_us += static_cast<std::int64_t>(shape.extra);
}

inline void read_fields(RecordEnvelope& last, const std::byte* record, const RecordShape& shape) {
    std::uint64_t fields[3];
    static_assert(8 + sizeof(fields) == kRecordHeaderBytes);
    std::memcpy(fields, record + 8, sizeof(fields));
    last.kind = shape.kind;
    last.origin = fields[0];
    last.sequence = fields[1];
    last.sent_at_us = sane_time(static_cast<std::int64_t>(fields[2]));
    last.meta_number += 1;
    last.meta_size = static_cast<std::uint16_t>(shape.extra);
}

// --- Rows

// Enters the row whose record is at read_. Returns false on damage.
inline bool RecordReader::begin_row(const RecordShape& shape) {
    const std::uint64_t begin = read_.offset + std::uint64_t{kRowHeaderBytes};
    if (begin + shape.size > kBlockBytes || last_.kind == RecordKind::continued) return false;
    const std::byte* const block = segment_->block(read_.block);
    std::int64_t base_us = 0;
    std::memcpy(&base_us, block + read_.offset + 8, sizeof(base_us));
    row_ = Row(shape.extra, block + begin, shape.size, sane_time(base_us),
               {read_.block, static_cast<std::uint32_t>(aligned_to_record(begin + shape.size))});
    return true;
}

inline void RecordReader::leave_front_of_row(const ContentHead& head) {
    last_.sequence += 1;
    last_.sent_at_us = row_.sent_at_us(head);
    last_.format = *form_from_byte(head.form_byte);
    row_.remove_front(head);
    consumed_.add(1, head.payload_bytes);
}

// Takes the row's next message. Returns false on damage.
inline bool RecordReader::take_from_row(std::string& payload) {
    ContentHead head;
    if (!row_.look(head)) [[unlikely]]
        return false;
    // May throw; nothing has been read yet.
    if (payload.size() != head.payload_bytes) payload.resize(head.payload_bytes);
    MAILSLOT_CRASH_POINT(reader_copying);
    std::memcpy(payload.data(), row_.payload(), head.payload_bytes);
    leave_front_of_row(head);
    if (row_.is_over()) move_on(row_.behind());
    MAILSLOT_CRASH_POINT(reader_before_publish);
    publish();
    return true;
}

// --- The fast path

[[gnu::always_inline]] inline bool RecordReader::take_now(std::string& payload) {
    if (!row_.is_over()) return take_from_row(payload);
    // At a block's end, the next record is in another block.
    if (Segment::is_at_end(read_)) [[unlikely]]
        return false;
    const Segment& segment = *segment_;
    std::byte* const block = segment.block(read_.block);
    const std::byte* const record = block + read_.offset;
    const std::uint64_t word = segment.word(read_).load(std::memory_order_acquire);
    RecordShape shape;
    if (!from_commit_word(word, segment.geometry().limits.max_message_bytes, shape) ||
        !may_follow(last_, shape)) [[unlikely]]
        return false;
    if (shape.is_row()) return begin_row(shape) && take_from_row(payload);
    const std::uint64_t end = aligned_to_record(read_.offset + shape.header_bytes() + shape.size);
    if (end > kBlockBytes) [[unlikely]]
        return false;
    // May throw; nothing has been read yet.
    if (payload.size() != shape.size) payload.resize(shape.size);
    if (shape.is_continued()) [[likely]] {
        continue_fields(last_, shape);
    } else {
        read_fields(last_, record, shape);
    }
    last_.format = shape.format;
    MAILSLOT_CRASH_POINT(reader_copying);
    std::memcpy(payload.data(), record + shape.header_bytes(), shape.size);
    move_on({read_.block, static_cast<std::uint32_t>(end)});
    consumed_.add(1, shape.size);
    MAILSLOT_CRASH_POINT(reader_before_publish);
    publish();
    return true;
}

}  // namespace mailslot::inbox
