#include "inbox/record_reader.h"

#include <algorithm>
#include <cstring>

#include "base/crash_point.h"
#include "inbox/take_now.h"
#include "os/futex.h"

namespace mailslot::inbox {

void RecordReader::begin_in(const Segment& segment) {
    segment_ = &segment;
    read_ = {};
    consumed_ = {};
    row_ = {};
    last_.kind = RecordKind::continued;
}

// Leaves the block at whose end `at` is for the next. Returns false if the chain is damaged.
inline bool RecordReader::enter_next(Position& at, bool is_copied) {
    const std::uint32_t next = segment_->follow(at.block);
    if (next == kNoBlock) return false;
    if (is_copied) move_on(at);
    blocks_.leave(at.block);
    blocks_.enter(next);
    at = read_ = {next, kBlockHeaderBytes};
    return true;
}

// Copies from a place in the chain, leaving blocks behind. Moves `at` to the end of the copied
// bytes. Returns false if the chain is damaged.
inline bool RecordReader::copy_out(Position& at, std::span<std::byte> into) {
    for (;;) {
        const std::size_t piece = std::min<std::size_t>(into.size(), kBlockBytes - at.offset);
        if (piece > 0) std::memcpy(into.data(), segment_->block(at.block) + at.offset, piece);
        at.offset += static_cast<std::uint32_t>(piece);
        into = into.subspan(piece);
        if (into.empty()) [[likely]]
            return true;
        if (!enter_next(at, true)) return false;
    }
}

// Like copy_out(), without the copy.
bool RecordReader::pass_over(Position& at, std::uint64_t bytes) {
    for (;;) {
        const std::uint64_t piece = std::min<std::uint64_t>(bytes, kBlockBytes - at.offset);
        at.offset += static_cast<std::uint32_t>(piece);
        bytes -= piece;
        if (bytes == 0) return true;
        if (!enter_next(at, false)) return false;
    }
}

// Reads a record's fields, or derives them from the record before. Moves `at` from the record to
// its payload. Returns false if the record is damaged.
inline bool RecordReader::read_envelope(Position& at, const RecordShape& shape) {
    const std::byte* const record = segment_->block(at.block) + at.offset;
    at.offset += static_cast<std::uint32_t>(shape.header_bytes());
    last_.format = shape.format;
    if (shape.is_continued()) {
        continue_fields(last_, shape);
        return last_.kind != RecordKind::continued;
    }
    read_fields(last_, record, shape);
    return copy_out(at, std::span(last_.meta_buffer).first(last_.meta_size));
}

// Finds the next record, checks its shape and enters its block. Sets `at` to the record's place.
inline RecordReader::Took RecordReader::reach_record(Position& at, RecordShape& shape) {
    std::uint64_t word = 0;
    at = read_;
    if (!find_record(*segment_, at, word)) return Took::nothing;
    if (!from_commit_word(word, segment_->geometry().limits.max_message_bytes, shape)) [[unlikely]]
        return Took::damage;
    if (at.block != read_.block) [[unlikely]] {
        blocks_.leave(read_.block);
        blocks_.enter(at.block);
    }
    read_ = at;  // the caller replaces the segment if damage is found from here on
    return Took::message;
}

// Does the same, and enters a row. `at` and `shape` mean nothing inside a row.
inline RecordReader::Took RecordReader::reach_message(Position& at, RecordShape& shape) {
    if (!row_.is_over()) return Took::message;
    const Took reached = reach_record(at, shape);
    if (reached != Took::message || !shape.is_row()) return reached;
    return begin_row(shape) ? Took::message : Took::damage;
}

namespace {

// Copies all but dropped_before, and of the meta no more than there is.
inline void hand_out(const RecordEnvelope& last, RecordEnvelope& record) {
    record.kind = last.kind;
    record.format = last.format;
    record.origin = last.origin;
    record.sequence = last.sequence;
    record.sent_at_us = last.sent_at_us;
    record.dropped_before = 0;
    record.meta_number = last.meta_number;
    record.meta_size = last.meta_size;
    std::copy_n(last.meta_buffer.begin(), last.meta_size, record.meta_buffer.begin());
}

}  // namespace

RecordReader::Took RecordReader::take(RecordEnvelope& record, std::string& payload) {
    Position at;
    RecordShape shape;
    const Took reached = reach_message(at, shape);
    if (reached == Took::nothing) {
        if (segment_->header().room_wanted.load(std::memory_order_relaxed) != 0) serve_room();
    }
    if (reached != Took::message) return reached;
    if (!row_.is_over()) {
        if (!take_from_row(payload)) return Took::damage;
        hand_out(last_, record);
        return Took::message;
    }
    payload.resize(shape.size);  // may throw; nothing has been read yet
    if (!read_envelope(at, shape)) return Took::damage;
    MAILSLOT_CRASH_POINT(reader_copying);
    if (!copy_out(at, std::as_writable_bytes(std::span(payload)))) return Took::damage;
    hand_out(last_, record);
    move_on({at.block, static_cast<std::uint32_t>(aligned_to_record(at.offset))});
    consumed_.add(1, shape.size);
    MAILSLOT_CRASH_POINT(reader_before_publish);
    publish();
    return Took::message;
}

RecordReader::Took RecordReader::skip() {
    Position at;
    RecordShape shape;
    if (const Took reached = reach_message(at, shape); reached != Took::message) return reached;
    if (!row_.is_over()) {
        ContentHead head;
        if (!row_.look(head)) return Took::damage;
        leave_front_of_row(head);
        if (row_.is_over()) read_ = row_.behind();
        return Took::message;
    }
    if (!read_envelope(at, shape) || !pass_over(at, shape.size)) return Took::damage;
    read_ = {at.block, static_cast<std::uint32_t>(aligned_to_record(at.offset))};
    consumed_.add(1, shape.size);
    return Took::message;
}

// Wakes writers that wait for room once an eighth is free: a wake-up for every message would cost a
// thread switch each. A writer that needs less room checks from time to time.
void RecordReader::serve_room() {
    Header& header = segment_->header();
    const Limits& limits = segment_->geometry().limits;
    const TailCopy tail = read_tail(header);
    const std::uint64_t count = tail.count - consumed_.count, bytes = tail.bytes - consumed_.bytes;
    if (count > limits.max_messages - (limits.max_messages + 7) / 8) return;
    if (bytes > limits.max_bytes - (limits.max_bytes + 7) / 8) return;
    header.room_wanted.store(0, std::memory_order_seq_cst);
    os::futex_wake_all(header.room_wanted);
}

bool RecordReader::nothing_waits() const {
    Position at = read_;
    std::uint64_t word = 0;
    return !find_record(*segment_, at, word);
}

std::uint64_t RecordReader::waiting() const {
    const std::uint64_t put = read_tail(segment_->header()).count;
    if (put > consumed_.count) return put - consumed_.count;
    return nothing_waits() ? 0 : 1;
}

std::optional<std::size_t> RecordReader::next_size() const {
    ContentHead head;
    if (!row_.is_over()) {
        return row_.look(head) ? std::optional<std::size_t>(head.payload_bytes) : std::nullopt;
    }
    Position at = read_;
    std::uint64_t word = 0;
    RecordShape shape;
    if (!find_record(*segment_, at, word) ||
        !from_commit_word(word, segment_->geometry().limits.max_message_bytes, shape)) {
        return std::nullopt;
    }
    if (!shape.is_row()) return shape.size;
    if (at.offset + kRowHeaderBytes + kContentHeadBytes > kBlockBytes) return std::nullopt;
    return ContentHead::at(segment_->block(at.block) + at.offset + kRowHeaderBytes).payload_bytes;
}

}  // namespace mailslot::inbox
