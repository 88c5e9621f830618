// The writing end of a slot's segment: docs/inbox.md section 3.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "inbox/backing.h"
#include "inbox/segment.h"
#include "inbox/sender_notes.h"
#include "model/contents.h"
#include "os/futex.h"
#include "os/liveness.h"

namespace mailslot::inbox {

// A message on its way into the queue, or several with consecutive numbers; borrows its bytes.
struct Item {
    RecordKind kind = RecordKind::local;
    Form format{};
    std::uint64_t origin = 0, sequence = 0;
    std::int64_t sent_at_us = 0;
    Bytes meta{};
    Bytes payload{};
    // Several messages: payloads, formats and times come from here, and `sequence` is the first
    // one's. If empty, the item itself is the message.
    Contents contents{};

    std::size_t size() const { return contents.empty() ? 1 : contents.size(); }

    Item front() const {
        if (contents.empty()) return *this;
        const Content one = contents.front();
        return {kind, one.format, origin, sequence, one.sent_at_us, meta, one.payload};
    }
    // At least one message must be left.
    void remove_front() {
        contents.remove_front();
        ++sequence;
    }
};

// Longer than any copy of a message, yet short for a caller.
inline constexpr std::chrono::milliseconds kLockPatience{1000};

// Threads: any, at once
class InboxWriter {
public:
    // `number` was given to this writer alone by the reading process; below kLockWaiters.
    InboxWriter(Segment segment, os::LivenessView reader, std::uint32_t number, os::UniqueFd event);

    bool reader_is_gone() const {
        return header().closed.load(std::memory_order_acquire) != 0 || reader_.is_dead();
    }

    // Puts as many of the items' messages as there is room for, in order; all become visible at
    // once. Returns how many. A refusal is counted, unless `refusal` says that the caller will try
    // again. slot_full in a slot that drops its oldest is never counted here: the caller that gives
    // up counts it.
    // Errors: no_such_slot (the reader is gone), bad_segment (treat as gone), message_too_big,
    // slot_full, no_resources, timed_out (another writer is stopped in mid-put), interrupted; about
    // the first message
    enum class Refusal { counted, passed_over };
    Result<std::size_t> put(std::span<const Item> items, Refusal refusal = Refusal::counted);
    // Fast path of put: a message without meta, no other writer, room, the same block. `now`
    // returns the item's time. Returns false, with nothing done or counted, in all other cases:
    // put() then does it, or returns the error. See put_now.h.
    template <class Now>
    bool put_now(Item& item, const Now& now);
    void count_refusal(Errc code);

    // Set how long a put waits for a writer that is stopped in mid-put, and the check that ends
    // this wait with Errc::interrupted. Must not run at the same time as a put.
    void set_lock_patience(std::chrono::milliseconds patience) { lock_patience_ = patience; }
    void set_interrupted(Interrupted interrupted) { interrupted_ = interrupted; }

    // Waits until an item of that size may fit. Another thread may end the wait by `is_over`.
    // Errors: timed_out, no_such_slot, interrupted, closed (is_over was set)
    Result<void> wait_for_room(std::size_t payload_bytes, os::Deadline deadline,
                               Interrupted interrupted = nullptr,
                               const std::atomic<bool>* is_over = nullptr);

    // Requests to the station since the last call: to ring, if somebody polls the slot and this
    // writer lacks the event descriptor; to make room, in a slot that drops its oldest; to provide
    // memory (docs/memory.md).
    enum Wants : std::uint8_t {
        kWantsNothing = 0,
        kWantsRing = 1,
        kWantsRoom = 2,
        kWantsMemory = 4
    };
    std::uint8_t take_wants() {
        if (wants_.load(std::memory_order_relaxed) == kWantsNothing) [[likely]]
            return kWantsNothing;
        return wants_.exchange(kWantsNothing, std::memory_order_relaxed);
    }
    void want(Wants what) { wants_.fetch_or(what, std::memory_order_relaxed); }
    bool drops_oldest() const { return geometry().limits.drops_oldest(); }
    void set_event(os::UniqueFd event);  // not at the same time as put
    // Makes the slot another user's, which has `backed()` bytes of memory. Before the first put.
    void share_memory(std::function<std::uint64_t()> backed) { backing_.share(std::move(backed)); }
    void set_backing(Backing backing) { backing_ = std::move(backing); }
    // Waits until the station may have provided memory, briefly.
    void wait_for_memory(std::chrono::steady_clock::time_point until);

    // For a post office, before its first put.
    void keep_notes_in(NotesPage page) { notes_page_ = std::move(page); }
    // Returns whether users other than the reader's may write to the slot, as its registration says.
    bool is_opened() const { return notes_page_.has_value(); }
    SenderNotes& sender_notes() const {
        return notes_page_ ? notes_page_->notes() : header().sender_notes;
    }

    const Geometry& geometry() const { return segment_.geometry(); }
    const os::UniqueFd& memory() const { return segment_.fd(); }
    Header& header() const { return segment_.header(); }

private:
    struct Batch;

    bool try_lock();
    Result<void> lock_slowly();
    void unlock();
    struct Consumed {
        std::uint64_t count = 0, bytes = 0;
    };
    Consumed read_consumed() const;
    bool has_room(const BooksCopy& books, const Consumed& consumed, std::size_t payload_bytes,
                  std::size_t messages = 1) const;
    Result<void> admit(const BooksCopy& books, std::size_t payload_bytes);
    BooksCopy own_books() const;
    void make_visible(const BooksCopy& books, std::atomic<std::uint64_t>& first_word,
                      std::uint64_t commit);
    template <class Now>
    bool append_now(Item& item, const Now& now);
    Consumed without_reserve(const Consumed& consumed) const;
    void look_for_excess(const BooksCopy& books, const Consumed& consumed,
                         std::size_t payload_bytes);
    Result<void> fill(Batch& batch, std::span<const Item> items);
    Result<void> take_in(Batch& batch, const Item& item);
    Result<void> take_in_all(Batch& batch, Item item);
    static bool may_continue(const Item& item, const Item& previous);
    bool may_continue_last(const Item& item) const;
    bool may_continue(const Batch& batch, const Item& item) const;
    RecordShape shape_of(const Batch& batch, const Item& item) const;
    static void write_fields(std::byte* record, const Item& item);
    bool append_here(Batch& batch, const Item& item);
    bool append_row(Batch& batch, const Item& item);
    Result<void> append_across(Batch& batch, const Item& item);
    void commit_later(Batch& batch, const Item& item, Position at, Position end,
                      const RecordShape& shape);
    void commit_later(Batch& batch, Position at, Position end, std::uint64_t word,
                      std::size_t messages, std::size_t payload_bytes);
    void remember(const BooksCopy& books, const Item& last);
    Result<std::uint32_t> next_block(std::uint32_t block);
    Result<std::uint32_t> take_free_block();
    bool take_block(std::uint32_t block, std::optional<Error>& refused);
    bool has_memory(std::uint32_t block);
    Result<void> back(std::uint32_t block);
    void ask_ahead(std::uint32_t block);
    Result<Position> copy_in(Position at, Bytes bytes);
    void note_senders(std::span<const Item> items, std::size_t messages);
    void ring();
    void ring_slowly();

    Segment segment_;
    os::LivenessView reader_;
    std::uint32_t number_;
    os::UniqueFd event_;
    std::optional<NotesPage> notes_page_;
    Backing backing_;  // for the lock's holder
    // The reader line as last read, less the reserve (make_room.cc); for the lock's holder. The
    // reader line only grows, so an old copy may make the slot seem fuller than it is, but never
    // emptier.
    Consumed consumed_;
    // Earliest next request for room; for the lock's holder.
    std::chrono::steady_clock::time_point ask_again_{};
    // The last record that this writer put; for the lock's holder. If `count` equals that of the
    // books, the record is the last of the queue, and the next may continue it.
    struct {
        std::uint64_t count = ~std::uint64_t{0};
        std::uint64_t origin = 0, sequence = 0;
        std::int64_t sent_at_us = 0;
        RecordKind kind = RecordKind::local;
        std::size_t meta_size = 0;
        std::array<std::byte, kMaxMetaBytes> meta;
    } last_;
    std::chrono::milliseconds lock_patience_ = kLockPatience;
    Interrupted interrupted_ = nullptr;
    std::atomic<std::uint8_t> wants_{kWantsNothing};
};

inline constexpr std::uint32_t kLockWaiters = 1u << 31;

// Disarms the bell and wakes the sleeper or poller that it was armed for. Returns true if the
// poller could not be told because there is no descriptor.
bool ring_bell(Header& header, const os::UniqueFd& event);

}  // namespace mailslot::inbox
