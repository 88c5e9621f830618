// The shared memory of a slot. docs/inbox.md section 2 draws it; sections 3 to 6 argue why it is
// correct. Code that reads a field here must treat it as a stranger's: check, then use.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "mailslot/result.h"
#include "mailslot/types.h"
#include "model/form.h"
#include "model/losses.h"
#include "model/machine_id.h"

namespace mailslot {
struct SlotOptions;
}

namespace mailslot::inbox {

inline constexpr std::uint64_t kMagic = 0x31'74'6f'6c'73'6c'69'6d;  // "milslot1" read as a number
inline constexpr std::uint32_t kLayoutVersion = 7;
inline constexpr std::uint32_t kBlockBytes = 64 * 1024;
inline constexpr std::uint32_t kBlockHeaderBytes = 64;  // the link, alone in its cache line
// A cache line, so that reading a record does not disturb writing the next.
inline constexpr std::uint32_t kRecordAlignment = 64;
inline constexpr std::uint32_t kRecordHeaderBytes = 32;
inline constexpr std::uint32_t kContinuedHeaderBytes = 8;  // only the commit word
inline constexpr std::uint32_t kRowHeaderBytes = 16;       // commit word and base time
// A host name of 255 bytes, and the other fields of meta.h.
inline constexpr std::uint32_t kMaxMetaBytes = 320;
inline constexpr std::uint32_t kWarmBlocks = 4;
inline constexpr std::uint32_t kNoBlock = 0xFFFF'FFFF;
inline constexpr std::size_t kHeaderBytes = 4096;
// Limit of max_bytes: keeps all sums far from overflow.
inline constexpr std::uint64_t kMostBytes = 1ull << 40;
inline constexpr std::uint64_t kMostMessages = 1ull << 32;  // limit of max_messages
// The commit word has 32 bits for the size.
inline constexpr std::uint64_t kMostMessageBytes = (1ull << 32) - 1;

// --- Bits of `bell`
inline constexpr std::uint32_t kBellSleeper = 1;  // a thread sleeps on the bell
inline constexpr std::uint32_t kBellPoll = 2;     // a program polls the event descriptor

// Bit of `lock`: others wait. The bits below are the number of the lock's holder.
inline constexpr std::uint32_t kLockWaiters = 1u << 31;

// Values of `room_asked`: docs/inbox.md section 9.
inline constexpr std::uint32_t kRoomIsLookedFor = 1;
inline constexpr std::uint32_t kRoomIsUrgent = 2;

enum class BlockState : std::uint8_t { free = 0, used = 1, free_backed = 2 };

// A place in the queue. A `block` of kNoBlock means before the first block.
struct Position {
    std::uint32_t block = kNoBlock;
    // kBlockBytes: at the block's end, so the next record is in the next block.
    std::uint32_t offset = kBlockBytes;
};

constexpr bool is_possible(Position at, std::uint32_t block_count) {
    if (at.block == kNoBlock) return at.offset == kBlockBytes;
    return at.block < block_count && at.offset >= kBlockHeaderBytes && at.offset <= kBlockBytes &&
           at.offset % kRecordAlignment == 0;
}

// The end of the queue: where the next record goes, and what was put before.
struct Tail {
    std::atomic<std::uint32_t> block, offset;
    std::atomic<std::uint64_t> count, bytes;  // totals of all messages ever put
};

// All numbers of sender `origin` below `next` have been dealt with. `next` is 0 in an empty note.
struct SenderNote {
    std::atomic<std::uint64_t> origin, next;
};
// Fills the header's page. An origin's note stands at the origin modulo this number.
inline constexpr std::size_t kSenderNotes = 128;
struct SenderNotes {
    std::atomic<std::int64_t> since;
    std::array<SenderNote, kSenderNotes> by_place;
};

// More than there are causes, so that a new cause leaves the layout as it is.
inline constexpr std::size_t kRoomForCauses = 16;
static_assert(kCauses <= kRoomForCauses);

struct Header {
    // Constants, written before any other process sees them.
    std::uint64_t magic;
    std::uint32_t version, block_bytes, block_count, when_full;  // a WhenFull
    std::uint64_t max_bytes, max_messages, max_message_bytes;
    std::uint64_t kept_bytes, kept_messages;  // docs/inbox.md section 9
    std::uint32_t require, order;             // a Trust and an Order, for the post office

    // Written by the reader, read by writers when they run out of room.
    alignas(128) std::atomic<std::uint64_t> consumed_count;
    std::atomic<std::uint64_t> consumed_bytes;

    // The bell is armed by the reader and disarmed by the writer that rings; room_wanted works the
    // other way round.
    alignas(128) std::atomic<std::uint32_t> bell;
    alignas(128) std::atomic<std::uint32_t> room_wanted;
    // Raised by writers, lowered by the reader: says whether somebody checks for more messages than
    // are kept.
    std::atomic<std::uint32_t> room_asked;

    // Written by writers only; `selector` and `tails` by the lock's holder.
    alignas(128) std::atomic<std::uint32_t> lock;
    std::atomic<std::uint32_t> selector;    // tails[selector & 1] is valid
    std::atomic<std::uint32_t> next_block;  // a hint: the search for a free block begins here
    std::array<Tail, 2> tails;

    // Messages that did not get into the slot, by cause in the order of kLossCauses. Incremented by
    // writers whose message was refused, changed by the post office of this machine. The causes
    // that readers count stay 0.
    alignas(128) std::array<std::atomic<std::uint64_t>, kRoomForCauses> lost;
    // Changed by the post office of this machine.
    alignas(128) std::atomic<std::uint64_t> repeats;
    std::atomic<std::uint64_t> senders, senders_forgotten;

    // Written by the post office for its successor, where only the owner's processes may write:
    // sender_notes.h.
    alignas(128) SenderNotes sender_notes;

    // Written once each.
    alignas(128) std::atomic<std::uint32_t> closed;
    std::atomic<std::uint32_t> root_link;

    // A MachineId. Written by the reading process on its post office's word, read by writers to
    // other machines.
    alignas(128) std::atomic<std::uint64_t> machine_number;
    std::atomic<std::uint64_t> network_cookie, network_inode;
};
static_assert(sizeof(Header) <= kHeaderBytes);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(std::atomic<BlockState>::is_always_lock_free);

inline auto& lost_in(auto& header, Loss cause) { return header.lost[place_of(cause)]; }

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

enum class RecordKind : std::uint8_t {
    local = 1,    // put by a program of this machine: no meta
    network = 2,  // put by the post office; meta tells the source
    // Like the message before, except for payload, format and time; the sequence is higher by 1.
    continued = 3,
    row = 4,  // several messages (model/contents.h), each continuing the previous
};

inline constexpr std::int64_t kMostDelayUs = 0x7FFF;  // the commit word has 15 bits for it
inline constexpr std::size_t kMostInRow = 0x7FFF;     // the same

// The fields of a commit word. Plain integers of a register's size, because they are packed and
// unpacked for each message.
struct RecordShape {
    std::uint64_t size = 0;  // payload bytes; of a row: messages with their heads
    RecordKind kind = RecordKind::local;
    Form format{};
    // Bytes of meta. Continued record: us since the message before. Row: number of messages.
    std::uint64_t extra = 0;

    bool is_continued() const { return kind == RecordKind::continued; }
    bool is_row() const { return kind == RecordKind::row; }
    // Not for rows.
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

// Returns false if none of our writers would store such a word.
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

struct Limits {
    std::uint64_t max_bytes = 0, max_messages = 0, max_message_bytes = 0;
    // In a slot that drops its oldest, kept_bytes and kept_messages are the maxima less the
    // reserve.
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

// Returns the limits of the slot's segment.
Limits limits_for(const SlotOptions& options);

// Kept by each end in private memory, and trusted.
struct Geometry {
    std::uint32_t block_count = 0;
    Limits limits;

    std::size_t states_bytes() const { return (block_count + 4095) & ~std::size_t{4095}; }
    std::size_t blocks_offset() const { return kHeaderBytes + states_bytes(); }
    std::size_t segment_bytes() const {
        return blocks_offset() + std::size_t{block_count} * kBlockBytes;
    }
};

// Errors: no_resources if limits are over kMost…
Result<Geometry> geometry_for(const Limits& limits);

}  // namespace mailslot::inbox
