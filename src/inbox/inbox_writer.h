// The writing end of a slot's segment: docs/inbox.md section 3.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <span>

#include "inbox/item.h"
#include "inbox/quotas.h"
#include "inbox/record_writer.h"
#include "inbox/segment.h"
#include "inbox/sender_notes.h"
#include "inbox/wants.h"
#include "inbox/writer_blocks.h"
#include "inbox/writer_lock.h"
#include "os/futex.h"

namespace mailslot::inbox {

// Threads: any, at once
class InboxWriter {
public:
    // `number` was given to this writer alone by the reading process; below kLockWaiters.
    InboxWriter(Segment segment, os::LivenessView reader, std::uint32_t number, os::UniqueFd event);

    bool reader_is_gone() const { return lock_.reader_is_gone(); }

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
    void set_lock_patience(std::chrono::milliseconds patience) { lock_.set_patience(patience); }
    void set_interrupted(Interrupted interrupted) { lock_.set_interrupted(interrupted); }

    // Waits until an item of that size may fit. Another thread may end the wait by `is_over`.
    // Errors: timed_out, no_such_slot, interrupted, closed (is_over was set)
    Result<void> wait_for_room(std::size_t payload_bytes, os::Deadline deadline,
                               Interrupted interrupted = nullptr,
                               const std::atomic<bool>* is_over = nullptr);

    // Requests to the station since the last call.
    using enum Want;
    std::uint8_t take_wants() { return wants_.take(); }
    void want(Want what) { wants_.add(what); }
    bool drops_oldest() const { return geometry().limits.drops_oldest(); }
    void set_event(os::UniqueFd event) {
        event_ = std::move(event);
    }  // not at the same time as put
    // Makes the slot another user's, which has `backed()` bytes of memory. Before the first put.
    void share_memory(std::function<std::uint64_t()> backed) {
        blocks_.backing().share(std::move(backed));
    }
    void set_backing(Backing backing) { blocks_.backing() = std::move(backing); }
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
    void note_senders(std::span<const Item> items, std::size_t messages);
    void ring();
    void ring_slowly();

    Segment segment_;
    WriterLock lock_;
    Wants wants_;
    Quotas quotas_{segment_, wants_};
    WriterBlocks blocks_{segment_, wants_};
    RecordWriter records_{segment_, quotas_, blocks_};
    os::UniqueFd event_;
    std::optional<NotesPage> notes_page_;
};

}  // namespace mailslot::inbox
