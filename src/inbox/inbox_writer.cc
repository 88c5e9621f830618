#include "inbox/inbox_writer.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <chrono>

#include "base/crash_point.h"
#include "inbox/put_now.h"
#include "os/cpu.h"

namespace mailslot::inbox {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How often a waiting writer checks that the reader still lives.
constexpr milliseconds kLockSlice{20};
constexpr milliseconds kRoomSlice{50};
constexpr milliseconds kMemorySlice{2};
// The reader is asked for memory when this block ahead has none: half of what it then provides.
constexpr std::uint32_t kAskAhead = 16;
constexpr std::uint32_t kAskEvery = 4;  // blocks
// Blocks of another user's slot that a put looks at for a free one, 4 GiB. A hostile slot may have
// 2^27 that are used.
constexpr std::uint32_t kMostLooks = 65536;
constexpr int kLockSpins = 200;
// A batch ends at this many bytes, because it holds the lock.
constexpr std::size_t kBatchBytes = 256 * 1024;

Error damaged() { return Error{Errc::bad_segment, "put"}; }

}  // namespace

// The messages that a put appends while it holds the lock.
struct InboxWriter::Batch {
    BooksCopy books;  // the books after the batch
    std::atomic<std::uint64_t>* first_word = nullptr;
    std::uint64_t first_commit = 0;  // stored after all other words
    const Item* previous = nullptr;  // the last message of this batch
    Item last;                       // storage for `previous`, if taken from an item of several
    std::size_t taken = 0, bytes = 0;
};

InboxWriter::InboxWriter(Segment segment, os::LivenessView reader, std::uint32_t number,
                         os::UniqueFd event)
    : segment_(std::move(segment)),
      reader_(std::move(reader)),
      number_(number),
      event_(std::move(event)),
      consumed_(without_reserve({})) {}

void InboxWriter::set_event(os::UniqueFd event) { event_ = std::move(event); }

Result<void> InboxWriter::lock_slowly() {
    auto& lock = header().lock;
    for (int i = 0; i < kLockSpins; ++i) {
        std::uint32_t expected = 0;
        if (lock.load(std::memory_order_relaxed) == 0 &&
            lock.compare_exchange_strong(expected, number_, std::memory_order_acquire)) {
            return {};
        }
        os::cpu_relax();
    }
    const auto patience_ends = steady_clock::now() + lock_patience_;
    for (;;) {
        std::uint32_t held = lock.load(std::memory_order_relaxed);
        // A writer that waited marks the lock when it takes it: others may wait too, and the mark
        // was also theirs.
        if (held == 0) {
            if (lock.compare_exchange_strong(held, number_ | kLockWaiters,
                                             std::memory_order_acquire)) {
                return {};
            }
            continue;
        }
        if ((held & kLockWaiters) == 0 &&
            !lock.compare_exchange_strong(held, held | kLockWaiters, std::memory_order_relaxed)) {
            continue;
        }
        if (reader_is_gone()) return Error{Errc::no_such_slot, "put"};
        const auto now = steady_clock::now();
        if (now >= patience_ends) {
            return Error{Errc::timed_out, "put", 0,
                         "another writer was stopped in the middle of a put"};
        }
        if (interrupted_ != nullptr && interrupted_()) return Error{Errc::interrupted, "put"};
        MAILSLOT_CRASH_POINT(waiting_for_lock);
        os::futex_wait(lock, held | kLockWaiters, std::min(now + kLockSlice, patience_ends));
    }
}

// Notes the senders of messages from the network. Otherwise the post office's successor would count
// the messages in the slot as lost.
void InboxWriter::note_senders(std::span<const Item> items, std::size_t messages) {
    for (std::size_t i = 0; messages > 0; ++i) {
        const Item& item = items[i];
        if (item.kind != RecordKind::network) return;
        const std::size_t count = std::min(messages, item.size());
        messages -= count;
        const bool is_last = messages == 0 || items[i + 1].origin != item.origin;
        if (!is_last) continue;
        note_sender(sender_notes(), item.origin, item.sequence + count,
                    SystemClock().now_through_sleep());
    }
}

InboxWriter::Consumed InboxWriter::read_consumed() const {
    Consumed consumed;
    // seq_cst, so that wait_for_room() reads the count after its store to room_wanted. The reader
    // has no barrier between its count and its look at room_wanted, so both may miss each other:
    // the writer then looks again after kRoomSlice.
    consumed.count = header().consumed_count.load(std::memory_order_seq_cst);
    consumed.bytes = header().consumed_bytes.load(std::memory_order_acquire);
    return consumed;
}

// For the lock's holder, if the old copy of the reader line does not suffice. The line is read only
// here because the reader writes to it with every message.
Result<void> InboxWriter::admit(const BooksCopy& books, std::size_t payload_bytes) {
    const Limits& limits = geometry().limits;
    if (payload_bytes > limits.max_message_bytes) {
        return Error{
            Errc::message_too_big, "put", 0,
            "the slot takes at most " + std::to_string(limits.max_message_bytes) + " bytes"};
    }
    const Consumed consumed = read_consumed();
    consumed_ = without_reserve(consumed);
    if (has_room(books, consumed_, payload_bytes)) return {};
    if (!has_room(books, consumed, payload_bytes)) return Error{Errc::slot_full, "put"};
    look_for_excess(books, consumed, payload_bytes);
    return {};
}

// Returns whether `item` continues `previous`, of the same batch, and need not repeat its header.
inline bool InboxWriter::may_continue(const Item& item, const Item& previous) {
    return previous.origin == item.origin && previous.sequence + 1 == item.sequence &&
           previous.kind == item.kind && previous.meta.data() == item.meta.data() &&
           previous.meta.size() == item.meta.size();
}

// Does the same for the last message of the queue.
inline bool InboxWriter::may_continue(const Batch& batch, const Item& item) const {
    if (batch.previous != nullptr) return may_continue(item, *batch.previous);
    return last_.count == batch.books.count && may_continue_last(item);
}

// Chooses the record's form: with its own header, or continuing the record before.
[[gnu::always_inline]] inline RecordShape InboxWriter::shape_of(const Batch& batch,
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
[[gnu::always_inline]] inline void InboxWriter::commit_later(Batch& batch, const Item& item,
                                                             Position at, Position end,
                                                             const RecordShape& shape) {
    commit_later(batch, at, end, to_commit_word(shape), 1, item.payload.size());
}

[[gnu::always_inline]] inline void InboxWriter::commit_later(Batch& batch, Position at,
                                                             Position end, std::uint64_t word,
                                                             std::size_t messages,
                                                             std::size_t payload_bytes) {
    if (batch.taken == 0) {
        batch.first_word = &segment_.word(at);
        batch.first_commit = word;
    } else {
        segment_.word(at).store(word, std::memory_order_release);
    }
    batch.books.tail = end;
    batch.books.count += messages;
    batch.books.bytes += payload_bytes;
    batch.bytes += payload_bytes + messages * kRecordHeaderBytes;
    batch.taken += messages;
}

// Appends the usual record, which ends before its block does. Returns false if it would not.
[[gnu::always_inline]] inline bool InboxWriter::append_here(Batch& batch, const Item& item) {
    const Position at = batch.books.tail;
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
    commit_later(batch, item, at, next, shape);
    return true;
}

// Appends a record that ends exactly with its block or in another block.
Result<void> InboxWriter::append_across(Batch& batch, const Item& item) {
    Position at = batch.books.tail;
    if (Segment::is_at_end(at)) {
        const auto block = next_block(at.block);
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
    commit_later(batch, item, at, *end, shape);
    return {};
}

inline Result<void> InboxWriter::take_in(Batch& batch, const Item& item) {
    const std::size_t size = item.payload.size();
    if (size > geometry().limits.max_message_bytes || !has_room(batch.books, consumed_, size))
        [[unlikely]] {
        if (auto admitted = admit(batch.books, size); !admitted) return admitted;
    }
    if (append_here(batch, item)) [[likely]]
        return {};
    return append_across(batch, item);
}

// Appends all of an item's messages as a row. Returns false if they cannot all go that way.
bool InboxWriter::append_row(Batch& batch, const Item& item) {
    const Contents& contents = item.contents;
    const Bytes bytes = contents.bytes();
    const Position at = batch.books.tail;
    const std::uint64_t end = aligned_to_record(at.offset + kRowHeaderBytes + bytes.size());
    if (end >= kBlockBytes || contents.size() < 2 || contents.size() > kMostInRow ||
        bytes.size() > geometry().limits.max_message_bytes || !may_continue(batch, item) ||
        !has_room(batch.books, consumed_, contents.payload_bytes(), contents.size())) {
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

// Errors: about the message after those taken
Result<void> InboxWriter::take_in_all(Batch& batch, Item item) {
    for (;; item.remove_front()) {
        if (append_row(batch, item)) {
            batch.last = item;
            batch.last.sequence += item.contents.size() - 1;
            batch.last.sent_at_us = item.contents.last_sent_at_us();
            batch.previous = &batch.last;
            return {};
        }
        const Item one = item.front();
        if (auto taken = take_in(batch, one); !taken) return taken;
        batch.last = one;
        batch.previous = &batch.last;
        if (item.contents.size() == 1 || batch.bytes >= kBatchBytes) return {};
    }
}

// Takes as many messages as there is room for.
// Errors: about the message after those taken
inline Result<void> InboxWriter::fill(Batch& batch, std::span<const Item> items) {
    batch.books = own_books();
    if (!is_possible(batch.books.tail, geometry().block_count)) return damaged();
    for (const Item& item : items) {
        // Messages taken so far are kept. The caller gets the error at its next put.
        if (item.contents.empty()) [[likely]] {
            if (auto taken = take_in(batch, item); !taken) [[unlikely]]
                return taken;
            batch.previous = &item;
        } else if (auto taken = take_in_all(batch, item); !taken) {
            return taken;
        }
        if (batch.bytes >= kBatchBytes) break;
    }
    return {};
}

Result<std::size_t> InboxWriter::put(std::span<const Item> items, Refusal refusal) {
    if (items.empty()) return std::size_t{0};
    if (reader_is_gone()) return Error{Errc::no_such_slot, "put"};
    if (!try_lock()) [[unlikely]] {
        if (auto locked = lock_slowly(); !locked) return locked.error();
    }
    MAILSLOT_CRASH_POINT(locked);

    Batch batch;
    const auto filled = fill(batch, items);
    if (batch.taken == 0) [[unlikely]] {
        unlock();
        const Errc code = filled.error().code;
        const bool is_final = code != Errc::slot_full || !drops_oldest();
        if (refusal == Refusal::counted && is_final) count_refusal(code);
        return filled.error();
    }
    make_visible(batch.books, *batch.first_word, batch.first_commit);
    remember(batch.books, *batch.previous);
    unlock();  // before ring() looks at the bell, the commit is visible: both are seq_cst
    // Comes before the bell, because ringing may cost this thread the processor.
    note_senders(items, batch.taken);
    MAILSLOT_CRASH_POINT(before_bell);
    ring();
    return batch.taken;
}

// Copies to a place in the chain, taking further blocks as needed. Returns the end of the copy.
Result<Position> InboxWriter::copy_in(Position at, Bytes bytes) {
    for (;;) {
        const std::size_t piece = std::min<std::size_t>(bytes.size(), kBlockBytes - at.offset);
        if (piece > 0) std::memcpy(segment_.block(at.block) + at.offset, bytes.data(), piece);
        at.offset += static_cast<std::uint32_t>(piece);
        bytes = bytes.subspan(piece);
        if (bytes.empty()) return at;
        const auto block = next_block(at.block);
        if (!block) return block.error();
        at = {*block, kBlockHeaderBytes};
    }
}

// Returns the block behind `block`. Takes and links a block if there is none yet.
Result<std::uint32_t> InboxWriter::next_block(std::uint32_t block) {
    auto& link = segment_.link(block);
    if (link.load(std::memory_order_acquire) != 0) {
        const std::uint32_t linked = segment_.follow(block);
        if (linked == kNoBlock) return damaged();
        return linked;
    }
    const auto taken = take_free_block();
    if (!taken) return taken;
    MAILSLOT_CRASH_POINT(block_taken);
    segment_.link(*taken).store(0, std::memory_order_relaxed);
    segment_.word({*taken, kBlockHeaderBytes}).store(0, std::memory_order_relaxed);
    link.store(*taken + 1, std::memory_order_release);
    MAILSLOT_CRASH_POINT(block_linked);
    return taken;
}

Result<std::uint32_t> InboxWriter::take_free_block() {
    const std::uint32_t count = geometry().block_count;
    std::optional<Error> refused;
    for (std::uint32_t block = 0; block < std::min(kWarmBlocks, count); ++block) {
        if (take_block(block, refused)) return block;
    }
    // The reader turns the hint back to the blocks that it has left, so that memory in hand is
    // taken first.
    const std::uint32_t hint = header().next_block.load(std::memory_order_relaxed) % count;
    const std::uint32_t looks = backing_.is_shared() ? std::min(count, kMostLooks) : count;
    for (std::uint32_t i = 0; i < looks; ++i) {
        const std::uint32_t block = (hint + i) % count;
        if (take_block(block, refused)) {
            header().next_block.store(block + 1, std::memory_order_relaxed);
            ask_ahead(block);
            return block;
        }
    }
    if (looks < count) header().next_block.store(hint + looks, std::memory_order_relaxed);
    if (refused) return *refused;
    return Error{Errc::slot_full, "put"};  // by geometry_for, only in a damaged segment
}

void InboxWriter::ask_ahead(std::uint32_t block) {
    if (!backing_.reader_provides() || block % kAskEvery != 0) return;
    const std::uint32_t soon = (block + kAskAhead) % geometry().block_count;
    if (segment_.state(soon).load(std::memory_order_relaxed) == BlockState::free)
        want(kWantsMemory);
}

// The reader may trim a backed block at the same moment, so a block is taken by compare-and-swap.
// Once backing a block was refused, only blocks that have memory are taken.
bool InboxWriter::take_block(std::uint32_t block, std::optional<Error>& refused) {
    auto& state = segment_.state(block);
    BlockState seen = state.load(std::memory_order_acquire);
    if (seen == BlockState::free_backed &&
        state.compare_exchange_strong(seen, BlockState::used, std::memory_order_acquire)) {
        if (has_memory(block)) return true;
        state.store(BlockState::free, std::memory_order_release);
    }
    if (refused) return false;
    seen = BlockState::free;
    if (!state.compare_exchange_strong(seen, BlockState::used, std::memory_order_acquire))
        return false;
    const auto backed = back(block);
    if (backed) return true;
    state.store(BlockState::free, std::memory_order_release);
    refused = backed.error();
    return false;
}

// Returns whether the block has the memory that its state claims. Matters only where another user
// could make this process take memory above its share.
bool InboxWriter::has_memory(std::uint32_t block) {
    return !backing_.is_checked() || segment_.is_backed(block);
}

Result<void> InboxWriter::back(std::uint32_t block) {
    if (!backing_.may_take(kBlockBytes)) {
        want(kWantsMemory);
        return Error{Errc::no_resources, "put", 0,
                     "the memory limit of this process leaves no room for the slot"};
    }
    if (segment_.reserve(block)) return {};
    return Error{Errc::no_resources, "put", 0, "no memory for the slot"};
}

void InboxWriter::count_refusal(Errc code) {
    if (code != Errc::slot_full && code != Errc::message_too_big) return;
    const Loss cause = code == Errc::slot_full ? &Losses::slot_full : &Losses::message_too_big;
    lost_in(header(), cause).fetch_add(1, std::memory_order_relaxed);
}

Result<void> InboxWriter::wait_for_room(std::size_t payload_bytes, os::Deadline deadline,
                                        Interrupted interrupted, const std::atomic<bool>* is_over) {
    for (;;) {
        if (is_over != nullptr && *is_over) return Error{Errc::closed, "put"};
        if (reader_is_gone()) return Error{Errc::no_such_slot, "put"};
        header().room_wanted.store(1, std::memory_order_seq_cst);
        if (has_room(read_books(header()), read_consumed(), payload_bytes)) return {};
        const auto now = steady_clock::now();
        if (deadline && now >= *deadline)
            return Error{Errc::timed_out, "put", 0, "the slot stayed full", Reason::stayed_full};
        if (interrupted != nullptr && interrupted()) return Error{Errc::interrupted, "put"};
        auto slice = now + kRoomSlice;
        if (deadline) slice = std::min(slice, *deadline);
        MAILSLOT_CRASH_POINT(waiting_for_room);
        os::futex_wait(header().room_wanted, 1, slice);
    }
}

void InboxWriter::wait_for_memory(std::chrono::steady_clock::time_point until) {
    header().room_wanted.store(1, std::memory_order_seq_cst);
    os::futex_wait(header().room_wanted, 1, std::min(steady_clock::now() + kMemorySlice, until));
}

void InboxWriter::ring_slowly() {
    if (ring_bell(header(), event_)) want(kWantsRing);
}

bool ring_bell(Header& header, const os::UniqueFd& event) {
    const std::uint32_t armed = header.bell.exchange(0, std::memory_order_seq_cst);
    MAILSLOT_CRASH_POINT(bell_taken);
    if ((armed & kBellSleeper) != 0) os::futex_wake_all(header.bell);
    if ((armed & kBellPoll) == 0) return false;
    if (!event) return true;
    // Fails only if the counter is at its maximum, and the descriptor readable already.
    eventfd_write(event.get(), 1);
    return false;
}

}  // namespace mailslot::inbox
