// Fast path of a get, in a single run without calls: a message waits in the block at hand, and no
// thread waits or polls. docs/inbox.md section 4 says why it is correct.
#pragma once

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/crash_point.h"
#include "inbox/inbox.h"
#include "model/contents.h"

namespace mailslot::inbox {

// Overwrites a word in each cache line of the record that was read. The lines then belong to this
// processor before a writer comes round again. The next record's place lies behind them.
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

// Returns whether the fast path can take a record of that shape next.
inline bool Inbox::may_follow(const RecordShape& shape) const {
    return shape.kind >= RecordKind::continued ? last_.kind != RecordKind::continued
                                               : shape.kind == RecordKind::local;
}

// Limits a time that a hostile writer made up. Within these limits, microseconds fit a chrono
// duration in nanoseconds, and adding the delays of continued messages does not overflow.
inline std::int64_t sane_time(std::int64_t unix_us) {
    constexpr auto kLast = std::numeric_limits<std::int64_t>::max() / 2000;
    return std::clamp(unix_us, -kLast, kLast);
}

inline void Inbox::continue_fields(const RecordShape& shape) {
    last_.sequence += 1;
    last_.sent_at_us += static_cast<std::int64_t>(shape.extra);
}

inline void Inbox::read_fields(const std::byte* record, const RecordShape& shape) {
    std::uint64_t fields[3];
    static_assert(8 + sizeof(fields) == kRecordHeaderBytes);
    std::memcpy(fields, record + 8, sizeof(fields));
    last_.kind = shape.kind;
    last_.origin = fields[0];
    last_.sequence = fields[1];
    last_.sent_at_us = sane_time(static_cast<std::int64_t>(fields[2]));
    last_.meta_number += 1;
    last_.meta_size = static_cast<std::uint16_t>(shape.extra);
}

// Counts messages taken without a pause. Returns true if the reader should see how far behind the
// writers it is.
inline bool Inbox::is_long_run() { return ++run_ >= gather_after_; }

// --- Rows

// Enters the row whose record is at read_. Returns false on damage.
inline bool Inbox::begin_row(const RecordShape& shape) {
    const std::uint64_t begin = read_.offset + std::uint64_t{kRowHeaderBytes};
    if (begin + shape.size > kBlockBytes || last_.kind == RecordKind::continued) return false;
    const std::byte* const block = segment_->block(read_.block);
    std::int64_t base_us = 0;
    std::memcpy(&base_us, block + read_.offset + 8, sizeof(base_us));
    row_ = {shape.extra, block + begin, block + begin + shape.size, sane_time(base_us)};
    return true;
}

// Reads the head of the row's next message. Returns false on damage.
inline bool Inbox::look_into_row(ContentHead& head) const {
    const auto bytes_left = static_cast<std::size_t>(row_.end - row_.next);
    if (bytes_left < kContentHeadBytes) return false;
    head = ContentHead::at(row_.next);
    // The last message must end where the row does, and no other may.
    return (head.size() == bytes_left) == (row_.left == 1) && head.size() <= bytes_left &&
           form_from_byte(head.form_byte).has_value();
}

inline void Inbox::continue_in_row(const ContentHead& head) {
    last_.sequence += 1;
    last_.sent_at_us = row_.base_us + head.sent_after_us;
    last_.format = *form_from_byte(head.form_byte);
    row_.next += head.size();
    row_.left -= 1;
    consumed_count_ += 1;
    consumed_bytes_ += head.payload_bytes;
}

inline Position Inbox::end_of_row() const {
    const auto end = static_cast<std::uint64_t>(row_.end - segment_->block(read_.block));
    return {read_.block, static_cast<std::uint32_t>(aligned_to_record(end))};
}

// Takes the row's next message. Returns false on damage.
inline bool Inbox::take_from_row(std::string& payload) {
    ContentHead head;
    if (!look_into_row(head)) [[unlikely]]
        return false;
    // May throw; nothing has been read yet.
    if (payload.size() != head.payload_bytes) payload.resize(head.payload_bytes);
    MAILSLOT_CRASH_POINT(reader_copying);
    std::memcpy(payload.data(), row_.next + kContentHeadBytes, head.payload_bytes);
    continue_in_row(head);
    if (row_.left == 0) move_on(end_of_row());
    MAILSLOT_CRASH_POINT(reader_before_publish);
    publish();
    return true;
}

// --- The fast path

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
    if (!is_plain_) [[unlikely]]
        return false;
    if (row_.left > 0) return take_from_row(payload);
    // At a block's end, the next record is in another block.
    if (Segment::is_at_end(read_)) [[unlikely]]
        return false;
    const Segment& segment = *segment_;
    std::byte* const block = segment.block(read_.block);
    const std::byte* const record = block + read_.offset;
    const std::uint64_t word = segment.word(read_).load(std::memory_order_acquire);
    RecordShape shape;
    if (!from_commit_word(word, segment.geometry().limits.max_message_bytes, shape) ||
        !may_follow(shape)) [[unlikely]]
        return false;
    if (shape.is_row()) return begin_row(shape) && take_from_row(payload);
    const std::uint64_t end = aligned_to_record(read_.offset + shape.header_bytes() + shape.size);
    if (end > kBlockBytes) [[unlikely]]
        return false;
    // May throw; nothing has been read yet.
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
