// Appends records to the queue of a slot: docs/inbox.md section 3, steps 3 to 8.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "inbox/item.h"
#include "inbox/quotas.h"
#include "inbox/segment.h"
#include "inbox/writer_blocks.h"

namespace mailslot::inbox {

// Threads: the lock's holder
class RecordWriter {
public:
    RecordWriter(const Segment& segment, WriterBlocks& blocks, Wants& wants)
        : segment_(segment), header_(segment.header()), blocks_(blocks), quotas_(segment, wants) {}

    // Appends as many of the items' messages as there is room for, and makes them visible at once.
    // Returns how many. Sets `refused` to the reason if it is not all, except where a batch ends.
    // Errors: bad_segment, message_too_big, slot_full, no_resources
    std::size_t append(std::span<const Item> items, std::optional<Error>& refused);
    // Appends a message without meta that has room in the tail's block. `now` returns the item's
    // time. Returns false, with nothing done, in all other cases. See append_now.h.
    template <class Now>
    bool append_now(Item& item, const Now& now);

    const Quotas& quotas() const { return quotas_; }

private:
    struct Batch;

    TailCopy own_tail() const;
    void make_visible(const TailCopy& tail, std::atomic<std::uint64_t>& first_word,
                      std::uint64_t commit);
    void fill(Batch& batch, std::span<const Item> items);
    bool append_message(Batch& batch, const Item& item);
    bool append_messages(Batch& batch, Item item);
    static bool may_continue(const Item& item, const Item& previous);
    bool may_continue_last(const Item& item) const;
    bool may_continue(const Batch& batch, const Item& item) const;
    RecordShape shape_of(const Batch& batch, const Item& item) const;
    static void write_fields(std::byte* record, const Item& item);
    bool append_here(Batch& batch, const Item& item);
    bool append_row(Batch& batch, const Item& item);
    Result<void> append_across(Batch& batch, const Item& item);
    Result<Position> copy_in(Position at, Bytes bytes);
    void commit_later(Batch& batch, Position at, Position end, std::uint64_t word,
                      std::size_t messages, std::size_t payload_bytes);
    void remember(const TailCopy& tail, const Item& last);

    const Segment& segment_;
    Header& header_;  // the segment's
    WriterBlocks& blocks_;
    Quotas quotas_;
    // The last record that this writer put. If `count` equals that of the tail, the record is the
    // last of the queue, and the next may continue it.
    struct {
        std::uint64_t count = ~std::uint64_t{0};
        std::uint64_t origin = 0, sequence = 0;
        std::int64_t sent_at_us = 0;
        RecordKind kind = RecordKind::local;
        std::size_t meta_size = 0;
        std::array<std::byte, kMaxMetaBytes> meta;
    } last_;
};

}  // namespace mailslot::inbox
