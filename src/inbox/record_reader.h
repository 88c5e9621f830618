// The cursor over the records of a slot: takes out messages in order. docs/inbox.md section 4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "inbox/reader_blocks.h"
#include "inbox/record_envelope.h"
#include "inbox/row.h"
#include "inbox/segment.h"

namespace mailslot::inbox {

// Threads: one at a time
class RecordReader {
public:
    // Damage means that a writer tampered with the segment, which is good for nothing any more.
    enum class Took { message, nothing, damage };

    RecordReader(const Segment& segment, ReaderBlocks& blocks)
        : segment_(&segment), blocks_(blocks) {}
    void begin_in(const Segment& segment);  // another one, at its first record

    // Takes the oldest message. Reuses the memory of `payload`.
    Took take(RecordEnvelope& record, std::string& payload);
    // Like take(), but throws the message away, which is then last(). The caller publishes.
    Took skip();
    // Fast path of take(), for a message whose record is in the block at hand and has no meta, or
    // that stands in a row. Its envelope is last(). Returns false, with nothing done, in all other
    // cases. See take_now.h.
    bool take_now(std::string& payload);
    // Stores the reader line, and wakes writers that wait for room.
    void publish() {
        Header& header = segment_->header();
        header.consumed_bytes.store(consumed_.bytes, std::memory_order_release);
        header.consumed_count.store(consumed_.count, std::memory_order_release);
        if (header.room_wanted.load(std::memory_order_relaxed) != 0) [[unlikely]]
            serve_room();
    }

    bool nothing_waits() const;
    std::uint64_t waiting() const;                 // messages: docs/inbox.md section 5
    std::optional<std::size_t> next_size() const;  // payload bytes; nullopt if none waits

    const Segment& segment() const { return *segment_; }
    const RecordEnvelope& last() const { return last_; }    // the last message taken or skipped
    Position position() const { return read_; }             // of the next record, present or future
    const Consumed& consumed() const { return consumed_; }  // the reader line

private:
    Took reach_record(Position& at, RecordShape& shape);
    Took reach_message(Position& at, RecordShape& shape);
    bool begin_row(const RecordShape& shape);
    bool take_from_row(std::string& payload);
    void leave_front_of_row(const ContentHead& head);
    bool read_envelope(Position& at, const RecordShape& shape);
    bool copy_out(Position& at, std::span<std::byte> into);
    bool pass_over(Position& at, std::uint64_t bytes);
    bool enter_next(Position& at, bool is_copied);
    // Overwrites a word in each cache line of the record that was read. The lines then belong to
    // this processor before a writer comes round again. The next record's place lies behind them.
    void move_on(Position end) {
        std::byte* const block = segment_->block(read_.block);
        for (std::uint32_t line = read_.offset; line < end.offset; line += kRecordAlignment) {
            Segment::word_at(block + line).store(0, std::memory_order_relaxed);
        }
        read_ = end;
    }
    void serve_room();

    const Segment* segment_;
    ReaderBlocks& blocks_;
    Position read_;
    Consumed consumed_;
    Row row_;              // at read_
    RecordEnvelope last_;  // which the next record may continue
};

// Finds the place of the next record and its commit word. Returns false if there is none. A reader
// that has armed the bell looks once more before it sleeps, so link and word are both loaded
// sequentially consistent: an acquire load may be done before the arming can be seen (LDAPR on
// ARM). docs/inbox.md section 4.
inline bool find_record(const Segment& segment, Position& at, std::uint64_t& word) {
    if (Segment::is_at_end(at)) [[unlikely]] {
        const std::uint32_t next = segment.follow(at.block, std::memory_order_seq_cst);
        if (next == kNoBlock) return false;
        at = {next, kBlockHeaderBytes};
    }
    word = segment.word(at).load(std::memory_order_seq_cst);
    return word != 0;
}

}  // namespace mailslot::inbox
