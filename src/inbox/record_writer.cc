#include "inbox/record_writer.h"

#include <algorithm>
#include <cstring>

#include "base/crash_point.h"
#include "inbox/append_now.h"

namespace mailslot::inbox {
namespace {

// A batch ends at this many bytes, because it holds the lock.
constexpr std::size_t kBatchBytes = 256 * 1024;

}  // namespace

// The messages that a put appends while it holds the lock.
struct RecordWriter::Batch {
    std::optional<Error>& refused;  // why the message after those taken was not
    TailCopy tail{};                // the tail after the batch
    std::atomic<std::uint64_t>* first_word = nullptr;
    std::uint64_t first_commit = 0;  // stored after all other words
    const Item* previous = nullptr;  // the last message of this batch
    Item last{};                     // storage for `previous`, if taken from an item of several
    std::size_t taken = 0, bytes = 0;
};

// Returns whether `item` continues `previous`, of the same batch, and need not repeat its header.
inline bool RecordWriter::may_continue(const Item& item, const Item& previous) {
    return previous.origin == item.origin && previous.sequence + 1 == item.sequence &&
           previous.kind == item.kind && previous.meta.data() == item.meta.data() &&
           previous.meta.size() == item.meta.size();
}

// Does the same for the last message of the queue.
inline bool RecordWriter::may_continue(const Batch& batch, const Item& item) const {
    if (batch.previous != nullptr) return may_continue(item, *batch.previous);
    return last_.count == batch.tail.count && may_continue_last(item);
}

// Chooses the record's form: with its own header, or continuing the record before.
[[gnu::always_inline]] inline RecordShape RecordWriter::shape_of(const Batch& batch,
                                                                 const Item& item) const {
    const std::int64_t since =
        batch.previous != nullptr ? batch.previous->sent_at_us : last_.sent_at_us;
    const std::uint64_t delay_us =
        static_cast<std::uint64_t>(item.sent_at_us) - static_cast<std::uint64_t>(since);
    if (may_continue(batch, item) && delay_us <= kMostDelayUs) [[likely]]
        return {item.payload.size(), RecordKind::continued, item.format, delay_us};
    return {item.payload.size(), item.kind, item.format, item.meta.size()};
}

// Stores the record's commit word; that of the batch's first record is stored when all of the batch
// is there.
[[gnu::always_inline]] inline void RecordWriter::commit_later(Batch& batch, Position at,
                                                              Position end, std::uint64_t word,
                                                              std::size_t messages,
                                                              std::size_t payload_bytes) {
    if (batch.taken == 0) {
        batch.first_word = &segment_.word(at);
        batch.first_commit = word;
    } else {
        segment_.word(at).store(word, std::memory_order_release);
    }
    batch.tail.at = end;
    batch.tail.count += messages;
    batch.tail.bytes += payload_bytes;
    batch.bytes += payload_bytes + messages * kRecordHeaderBytes;
    batch.taken += messages;
}

// Appends the usual record, which ends before its block does. Returns false if it would not.
[[gnu::always_inline]] inline bool RecordWriter::append_here(Batch& batch, const Item& item) {
    const Position at = batch.tail.at;
    const RecordShape shape = shape_of(batch, item);
    const std::uint64_t end =
        aligned_to_record(at.offset + shape.header_bytes() + shape.meta_bytes() + shape.size);
    if (at.block == kNoBlock || end >= kBlockBytes) return false;
    std::byte* const record = segment_.block(at.block) + at.offset;
    std::byte* payload = record + shape.header_bytes();
    if (!shape.is_continued()) {
        write_fields(record, item);
        if (!item.meta.empty()) std::memcpy(payload, item.meta.data(), item.meta.size());
        payload += item.meta.size();
    }
    MAILSLOT_CRASH_POINT(header_written);
    if (!item.payload.empty()) std::memcpy(payload, item.payload.data(), item.payload.size());
    MAILSLOT_CRASH_POINT(payload_written);
    const Position next{at.block, static_cast<std::uint32_t>(end)};
    // Zeroes the next record's place before this record becomes visible, so that it reads as
    // "nothing".
    segment_.word(next).store(0, std::memory_order_relaxed);
    commit_later(batch, at, next, to_commit_word(shape), 1, shape.size);
    return true;
}

// Appends a record that ends exactly with its block or in another block.
Result<void> RecordWriter::append_across(Batch& batch, const Item& item) {
    Position at = batch.tail.at;
    if (Segment::is_at_end(at)) {
        const auto block = blocks_.next(at.block);
        if (!block) return block.error();
        at = {*block, kBlockHeaderBytes};
    }
    const RecordShape shape = shape_of(batch, item);
    if (!shape.is_continued()) write_fields(segment_.block(at.block) + at.offset, item);
    Result<Position> end =
        Position{at.block, at.offset + static_cast<std::uint32_t>(shape.header_bytes())};
    if (!shape.is_continued() && !item.meta.empty()) end = copy_in(*end, item.meta);
    MAILSLOT_CRASH_POINT(header_written);
    if (end) end = copy_in(*end, item.payload);
    if (!end) return end.error();
    MAILSLOT_CRASH_POINT(payload_written);
    end->offset = static_cast<std::uint32_t>(aligned_to_record(end->offset));

    Position next = *end;
    if (Segment::is_at_end(next)) next = {segment_.follow(next.block), kBlockHeaderBytes};
    if (next.block != kNoBlock) segment_.word(next).store(0, std::memory_order_relaxed);
    commit_later(batch, at, *end, to_commit_word(shape), 1, shape.size);
    return {};
}

// Returns false if the message is refused.
inline bool RecordWriter::append_message(Batch& batch, const Item& item) {
    const auto refuse = [&](const Error& error) {
        batch.refused = error;
        return false;
    };
    const std::size_t size = item.payload.size();
    if (size > segment_.geometry().limits.max_message_bytes || !quotas_.allow(batch.tail, size))
        [[unlikely]] {
        if (auto admitted = quotas_.admit(batch.tail, size); !admitted) {
            return refuse(admitted.error());
        }
    }
    if (append_here(batch, item)) [[likely]]
        return true;
    const auto appended = append_across(batch, item);
    return appended || refuse(appended.error());
}

// Appends all of an item's messages as a row. Returns false if they cannot all go that way.
bool RecordWriter::append_row(Batch& batch, const Item& item) {
    const Contents& contents = item.contents;
    const Bytes bytes = contents.bytes();
    const Position at = batch.tail.at;
    const std::uint64_t end = aligned_to_record(at.offset + kRowHeaderBytes + bytes.size());
    if (end >= kBlockBytes || contents.size() < 2 || contents.size() > kMostInRow ||
        bytes.size() > segment_.geometry().limits.max_message_bytes || !may_continue(batch, item) ||
        !quotas_.allow(batch.tail, contents.payload_bytes(), contents.size())) {
        return false;
    }
    std::byte* const record = segment_.block(at.block) + at.offset;
    const std::int64_t base_us = contents.base_us();
    std::memcpy(record + 8, &base_us, sizeof(base_us));
    std::memcpy(record + kRowHeaderBytes, bytes.data(), bytes.size());
    MAILSLOT_CRASH_POINT(payload_written);
    const Position next{at.block, static_cast<std::uint32_t>(end)};
    segment_.word(next).store(0, std::memory_order_relaxed);
    commit_later(batch, at, next,
                 to_commit_word({bytes.size(), RecordKind::row, {}, contents.size()}),
                 contents.size(), contents.payload_bytes());
    return true;
}

// Returns false if a message is refused.
bool RecordWriter::append_messages(Batch& batch, Item item) {
    for (;; item.remove_front()) {
        if (append_row(batch, item)) {
            batch.last = item;
            batch.last.sequence += item.contents.size() - 1;
            batch.last.sent_at_us = item.contents.last_sent_at_us();
            batch.previous = &batch.last;
            return true;
        }
        const Item one = item.front();
        if (!append_message(batch, one)) return false;
        batch.last = one;
        batch.previous = &batch.last;
        if (item.contents.size() == 1 || batch.bytes >= kBatchBytes) return true;
    }
}

// Takes as many messages as there is room for.
inline void RecordWriter::fill(Batch& batch, std::span<const Item> items) {
    batch.tail = own_tail();
    if (!is_possible(batch.tail.at, segment_.geometry().block_count)) {
        batch.refused = Error{Errc::bad_segment, "put"};
        return;
    }
    for (const Item& item : items) {
        // Messages taken so far are kept. The caller gets the error at its next put.
        if (item.contents.empty()) [[likely]] {
            if (!append_message(batch, item)) [[unlikely]]
                return;
            batch.previous = &item;
        } else if (!append_messages(batch, item)) {
            return;
        }
        if (batch.bytes >= kBatchBytes) return;
    }
}

std::size_t RecordWriter::append(std::span<const Item> items, std::optional<Error>& refused) {
    Batch batch{.refused = refused};
    fill(batch, items);
    if (batch.taken > 0) [[likely]] {
        make_visible(batch.tail, *batch.first_word, batch.first_commit);
        remember(batch.tail, *batch.previous);
    }
    return batch.taken;
}

// Copies to a place in the chain, taking further blocks as needed. Returns the end of the copy.
Result<Position> RecordWriter::copy_in(Position at, Bytes bytes) {
    for (;;) {
        const std::size_t piece = std::min<std::size_t>(bytes.size(), kBlockBytes - at.offset);
        if (piece > 0) std::memcpy(segment_.block(at.block) + at.offset, bytes.data(), piece);
        at.offset += static_cast<std::uint32_t>(piece);
        bytes = bytes.subspan(piece);
        if (bytes.empty()) return at;
        const auto block = blocks_.next(at.block);
        if (!block) return block.error();
        at = {*block, kBlockHeaderBytes};
    }
}

}  // namespace mailslot::inbox
