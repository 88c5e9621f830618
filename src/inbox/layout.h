// The shared memory of one slot. docs/inbox.md section 2 draws it; sections 3 to 6 argue why it is
// correct. Whoever reads a field here treats it as a stranger's: check, then use.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "mailslot/mailslot.h"
#include "mailslot/result.h"
#include "model/form.h"
#include "model/machine_id.h"

namespace mailslot::inbox {

inline constexpr std::uint64_t kMagic = 0x31'74'6f'6c'73'6c'69'6d;  // "milslot1", read as a number
inline constexpr std::uint32_t kLayoutVersion = 6;
inline constexpr std::uint32_t kBlockBytes = 64 * 1024;
inline constexpr std::uint32_t kBlockHeaderBytes = 64;  // the link, alone in its cache line
// A cache line: who reads a record does not disturb who writes the next one.
inline constexpr std::uint32_t kRecordAlignment = 64;
inline constexpr std::uint32_t kRecordHeaderBytes = 32;
inline constexpr std::uint32_t kContinuedHeaderBytes = 8;  // the commit word alone
inline constexpr std::uint32_t kRowHeaderBytes = 16;       // and what its times count from
inline constexpr std::uint32_t kMaxMetaBytes =
    320;  // a host name of 255 bytes and what else meta.h puts
inline constexpr std::uint32_t kWarmBlocks = 4;
inline constexpr std::uint32_t kNoBlock = 0xFFFF'FFFF;
inline constexpr std::size_t kHeaderBytes = 4096;
inline constexpr std::uint64_t kMostBytes =
    1ull << 40;  // of max_bytes: keeps all sums far from overflow
inline constexpr std::uint64_t kMostMessages = 1ull << 32;  // of max_messages
inline constexpr std::uint64_t kMostMessageBytes =
    (1ull << 32) - 1;  // the commit word has 32 bits for it

// What the bell is armed for.
inline constexpr std::uint32_t kBellSleeper = 1;  // a thread sleeps on the bell
inline constexpr std::uint32_t kBellPoll = 2;     // somebody polls the event descriptor

// room_asked: docs/inbox.md section 9.
inline constexpr std::uint32_t kRoomIsLookedFor = 1;
inline constexpr std::uint32_t kRoomIsUrgent = 2;

enum class BlockState : std::uint8_t { free = 0, used = 1, free_backed = 2 };

// A place in the queue. `block` kNoBlock: before the first block.
struct Position {
    std::uint32_t block = kNoBlock;
    std::uint32_t offset =
        kBlockBytes;  // kBlockBytes: at the end, the next record is in the next block
};

constexpr bool is_possible(Position at, std::uint32_t block_count) {
    if (at.block == kNoBlock) return at.offset == kBlockBytes;
    return at.block < block_count && at.offset >= kBlockHeaderBytes && at.offset <= kBlockBytes &&
           at.offset % kRecordAlignment == 0;
}

struct Books {
    std::atomic<std::uint32_t> tail_block, tail_offset;
    std::atomic<std::uint64_t> count, bytes;  // ever put
};

// That all numbers of a sender below `next` are dealt with; 0: no note.
struct SenderNote {
    std::atomic<std::uint64_t> origin, next;
};
// As many as fit into the header's page. A note's place is its origin modulo this.
inline constexpr std::size_t kSenderNotes = 128;
struct SenderNotes {
    std::atomic<std::int64_t> since;
    std::array<SenderNote, kSenderNotes> by_place;
};

struct Header {
    // Constants, written before anybody else sees them.
    std::uint64_t magic;
    std::uint32_t version, block_bytes, block_count, when_full;  // a WhenFull
    std::uint64_t max_bytes, max_messages, max_message_bytes;
    std::uint64_t kept_bytes, kept_messages;  // docs/inbox.md section 9
    std::uint32_t require, order;             // a Trust and an Order, for the post office

    // Written by the reader, read by writers that run out of room.
    alignas(128) std::atomic<std::uint64_t> consumed_count;
    std::atomic<std::uint64_t> consumed_bytes;

    // Armed by the reader, taken by a writer that rings; `room_wanted` the other way round.
    alignas(128) std::atomic<std::uint32_t> bell;
    alignas(128) std::atomic<std::uint32_t> room_wanted;
    // Raised by writers, lowered by the reader: who looks whether there is more than is kept.
    std::atomic<std::uint32_t> room_asked;

    // Writers only. `selector` and `books` are written by the lock's holder.
    alignas(128) std::atomic<std::uint32_t> lock;
    std::atomic<std::uint32_t> selector;    // books[selector & 1] is valid
    std::atomic<std::uint32_t> next_block;  // where to look for a free block first; only a hint
    std::array<Books, 2> books;

    // Added to by writers that were refused.
    alignas(128) std::atomic<std::uint64_t> refused_slot_full, refused_too_big;

    // Added to by the post office of this machine.
    alignas(128) std::atomic<std::uint64_t> network_gap, fragment_timed_out, not_trusted,
        over_limit, repeats, senders;
    std::atomic<std::uint64_t> kernel_drop, senders_forgotten;

    // Written by the post office for its successor, where only the owner's processes may write:
    // sender_notes.h.
    alignas(128) SenderNotes sender_notes;

    // Written once.
    alignas(128) std::atomic<std::uint32_t> closed;
    std::atomic<std::uint32_t> root_link;

    // Written by the reading process whenever its post office says so, read by writers to other
    // machines: a MachineId.
    alignas(128) std::atomic<std::uint64_t> machine_number;
    std::atomic<std::uint64_t> network_cookie, network_inode;
};
static_assert(sizeof(Header) <= kHeaderBytes);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(std::atomic<BlockState>::is_always_lock_free);

inline void write_machine(Header& header, const MachineId& machine) {
    header.network_cookie.store(machine.network.cookie, std::memory_order_relaxed);
    header.network_inode.store(machine.network.inode, std::memory_order_relaxed);
    header.machine_number.store(machine.number, std::memory_order_relaxed);
}

inline MachineId read_machine(const Header& header) {
    return {header.machine_number.load(std::memory_order_relaxed),
            {header.network_cookie.load(std::memory_order_relaxed),
             header.network_inode.load(std::memory_order_relaxed)}};
}

// --- The commit word
// -----------------------------------------------------------------------------------

enum class RecordKind : std::uint8_t {
    local = 1,    // put by a program of this machine: no meta
    network = 2,  // put by the post office: meta says from where
    // Like the message before it, but for payload, format, time, and the next sequence.
    continued = 3,
    row = 4,  // several messages (model/contents.h), each of which continues the one before it
};

inline constexpr std::int64_t kMostDelayUs = 0x7FFF;  // the commit word has 15 bits for it
inline constexpr std::size_t kMostInRow = 0x7FFF;     // the same

// What a commit word says. Plain fields of a register's size: they are made and taken apart for
// each message.
struct RecordShape {
    std::uint64_t size = 0;  // payload bytes; row: those of its messages with their heads
    RecordKind kind = RecordKind::local;
    Form format{};
    // Bytes of meta; continued: us since the message before it was sent; row: how many messages.
    std::uint64_t extra = 0;

    bool is_continued() const { return kind == RecordKind::continued; }
    bool is_row() const { return kind == RecordKind::row; }
    // Of what is no row.
    std::uint64_t header_bytes() const {
        return is_continued() ? kContinuedHeaderBytes : kRecordHeaderBytes;
    }
    std::uint64_t meta_bytes() const { return is_continued() ? 0 : extra; }
};

constexpr std::uint64_t aligned_to_record(std::uint64_t bytes) {
    return (bytes + (kRecordAlignment - 1)) & ~std::uint64_t{kRecordAlignment - 1};
}

constexpr std::uint64_t kPresent = std::uint64_t{1} << 63;

constexpr std::uint64_t to_commit_word(const RecordShape& shape) {
    return kPresent | shape.extra << 48 | std::uint64_t{to_byte(shape.format)} << 40 |
           std::uint64_t{static_cast<std::uint8_t>(shape.kind)} << 32 | shape.size;
}

// False: no writer of ours stores such a word.
inline bool from_commit_word(std::uint64_t word, std::uint64_t most_bytes, RecordShape& shape) {
    const auto form_byte = static_cast<std::uint8_t>(word >> 40);
    shape.size = word & 0xFFFF'FFFF;
    shape.kind = RecordKind{static_cast<std::uint8_t>(word >> 32)};
    shape.format = Form(Format(form_byte & ~kLabelledBit), (form_byte & kLabelledBit) != 0);
    shape.extra = (word >> 48) & 0x7FFF;
    const bool is_sound = shape.is_continued() || (shape.is_row() && shape.extra > 0) ||
                          (shape.kind == RecordKind::local && shape.extra == 0) ||
                          (shape.kind == RecordKind::network && shape.extra <= kMaxMetaBytes);
    return is_sound && (word & kPresent) != 0 && is_known(shape.format) && shape.size <= most_bytes;
}

// --- Geometry
// ------------------------------------------------------------------------------------------

struct Limits {
    std::uint64_t max_bytes = 0, max_messages = 0, max_message_bytes = 0;
    // Of a slot that drops its oldest, and what it keeps; below the others by the reserve.
    WhenFull when_full = WhenFull::refuse;
    std::uint64_t kept_bytes = 0, kept_messages = 0;
    Trust require = Trust::none;
    Order order = Order::kept;

    bool drops_oldest() const { return when_full == WhenFull::drop_oldest; }
    std::uint64_t reserved_bytes() const { return drops_oldest() ? max_bytes - kept_bytes : 0; }
    std::uint64_t reserved_messages() const {
        return drops_oldest() ? max_messages - kept_messages : 0;
    }
};

// Those of the slot's segment.
Limits limits_for(const SlotOptions& options);

// What both ends keep in private memory and trust.
struct Geometry {
    std::uint32_t block_count = 0;
    Limits limits;

    std::size_t states_bytes() const { return (block_count + 4095) & ~std::size_t{4095}; }
    std::size_t blocks_offset() const { return kHeaderBytes + states_bytes(); }
    std::size_t segment_bytes() const {
        return blocks_offset() + std::size_t{block_count} * kBlockBytes;
    }
};

// Errors: no_resources, for limits over kMost….
Result<Geometry> geometry_for(const Limits& limits);

}  // namespace mailslot::inbox
