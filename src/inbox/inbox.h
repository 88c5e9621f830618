// The reading end of a slot: owns the segment. docs/inbox.md sections 4 to 7.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "inbox/backing.h"
#include "inbox/drop_book.h"
#include "inbox/harm_watch.h"
#include "inbox/segment.h"
#include "inbox/sender_notes.h"
#include "mailslot/mailslot.h"
#include "model/address.h"
#include "model/contents.h"
#include "model/form.h"
#include "os/biased_mutex.h"
#include "os/futex.h"

namespace mailslot::inbox {

// A message taken out, without its payload.
struct RecordEnvelope {
    RecordKind kind = RecordKind::continued;  // continued: none taken yet
    Form format{};
    std::uint64_t origin = 0, sequence = 0;
    std::int64_t sent_at_us = 0;
    std::uint64_t dropped_before = 0;  // the origin's drops since its last message
    // Two records of an inbox with the same number have the same meta.
    std::uint64_t meta_number = 0;
    std::uint16_t meta_size = 0;
    std::array<std::byte, kMaxMetaBytes> meta_buffer;

    Bytes meta() const { return std::span(meta_buffer).first(meta_size); }
};

// Given by the station to a new writer of the slot.
struct WriterPass {
    std::uint32_t number = 0;
    os::UniqueFd segment, event;  // no event if nobody polls the slot
    os::UniqueFd notes;           // for a post office, of a slot that others may write to
};

// How long unneeded memory is kept for later use: after so long a pause, a page fault does not
// matter.
inline constexpr std::chrono::milliseconds kTrimAfter{100};
// Blocks given back under a single hold of the lock, 2 MiB. A reader waits for that at most some
// 0.2 ms.
inline constexpr std::uint32_t kTrimAtOnce = 32;
// Holds in a call of trim(); few enough that a BiasedMutex keeps its owner.
inline constexpr int kTrimsAtOnce = 8;

// Messages in a row after which a reader checks how close behind the writers it is.
inline constexpr std::uint32_t kGatherAfter = 64;
// How often a slot that drops its oldest is looked at without being asked. Rare enough that a
// BiasedMutex keeps its owner.
inline constexpr std::chrono::milliseconds kLookForRoomEvery{2};

// Threads: any, at once
class Inbox {
public:
    // `spin` is how long a thread that finds nothing looks again before it sleeps.
    // Errors: no_resources
    static Result<std::shared_ptr<Inbox>> create(const SlotName& name, const SlotOptions& options,
                                                 std::chrono::nanoseconds spin = {});
    ~Inbox();

    const SlotName& name() const { return name_; }
    const SlotOptions& options() const { return options_; }

    // Takes the oldest message, and waits for one if necessary: without limit if `timeout` is below
    // 0. Reuses the memory of `payload`. Serves threads in the order of arrival. `interrupted` is
    // called with no lock held; a message that is there comes first.
    // Errors: timed_out, closed, interrupted
    Result<void> get_within(RecordEnvelope& record, std::string& payload, Timeout timeout,
                            Interrupted interrupted = nullptr);
    Result<void> get_nowait(RecordEnvelope& record, std::string& payload);
    // Fast path of get: takes a waiting message if nothing is in the way, and calls `use` with its
    // envelope while the mutex is held. Returns false, with nothing done, in all other cases. See
    // get_now.h.
    template <class Use>
    bool get_now(std::string& payload, const Use& use);

    std::uint64_t qsize() const;
    bool empty() const;
    bool full() const;
    SlotInfo info() const;
    Result<int> fileno();  // Errors: closed, no_resources

    // Wakes all waiting threads, which then return `closed`. Waits until no thread is inside get. A
    // second call does nothing.
    void close();
    bool is_closed() const { return closed_.load(std::memory_order_acquire); }

    // --- For the station
    Result<WriterPass> admit_writer();       // Errors: closed, no_resources
    Result<WriterPass> admit_office();       // the same, with the notes
    os::UniqueFd event_for_writers() const;  // a duplicate; none if nobody polls the slot
    void bury(std::uint32_t number);         // cleans up after that writer, which is dead
    // Looks about once a second for harm that another user's writers left, or for a lock that they
    // hold up. Returns true if the segment was replaced: its holders should be given the new
    // segment.
    bool look_for_harm();
    void ring();  // for a writer that lacks the event descriptor
    // Sets a function that is called, on any thread, when there may be memory to give back in a
    // while. Must be set before any other thread knows the inbox.
    void on_spare_memory(std::function<void()> ask) { ask_for_trim_ = std::move(ask); }
    // Gives back some memory that the queue has not needed since the last call. Returns true if the
    // caller should call again in kTrimAfter.
    bool trim();
    // In a slot that drops its oldest: drops all messages above the number and bytes to keep, and
    // enough for a message of `wanted_bytes`. Returns true if the caller should call again in
    // kLookForRoomEvery. docs/inbox.md section 9.
    bool make_room(std::uint64_t wanted_bytes = 0);
    // Provides memory ahead for writers that may not take it themselves. docs/memory.md
    void back_ahead();
    void set_backing(Backing backing) { backing_ = std::move(backing); }
    // Returns the numbers of dropped messages by origin, at most `most`, from `first_origin` on.
    DropBook::Drops dropped(std::uint64_t first_origin, std::size_t most) const;
    // Sets the id by which writers to many machines mark messages that they have already put here.
    void set_machine(const MachineId& machine);

private:
    struct Waiter;
    struct Wait;
    using Lock = std::unique_lock<os::BiasedMutex>;
    enum class Took { message, nothing, damage };

    Inbox(const SlotName& name, const SlotOptions& options, Segment segment,
          std::optional<NotesPage> notes, std::chrono::nanoseconds spin);
    bool find_record(Position& at, std::uint64_t& word) const;
    Took reach_record(Position& at, RecordShape& shape);
    Took reach_message(Position& at, RecordShape& shape);
    Took take(RecordEnvelope& record, std::string& payload);
    bool take_or_replace(RecordEnvelope& record, std::string& payload);
    bool take_and_tell(RecordEnvelope& record, std::string& payload);
    Took skip();
    bool pass_over(Position& at, std::uint64_t bytes);
    struct Excess;
    Excess find_excess(std::uint64_t wanted_bytes) const;
    bool drop_some(const Excess& excess, std::uint64_t& dropped);
    void note_drop();
    void tell_drops(RecordEnvelope& record);
    bool read_envelope(Position& at, const RecordShape& shape);
    bool take_now(std::string& payload);
    bool begin_row(const RecordShape& shape);
    bool look_into_row(ContentHead& head) const;
    void continue_in_row(const ContentHead& head);
    Position end_of_row() const;
    bool take_from_row(std::string& payload);
    std::optional<std::size_t> next_size() const;
    bool is_long_run();
    void let_some_come();
    bool may_follow(const RecordShape& shape) const;
    void continue_fields(const RecordShape& shape);
    void read_fields(const std::byte* record, const RecordShape& shape);
    void hand_out_envelope(RecordEnvelope& record) const;
    bool copy_out(Position& at, std::span<std::byte> into);
    void move_on(Position end);
    void enter(std::uint32_t block);
    void leave(std::uint32_t block);
    void publish();
    void serve_room();
    Result<void> wait_for_one(Lock& lock, RecordEnvelope& record, std::string& payload, Wait wait);
    bool spin(Lock& lock, os::Deadline deadline);
    void sleep_on_bell(Lock& lock, Wait& wait);
    bool trim_blocks(std::uint32_t first, std::uint32_t most);
    bool back_free_block(std::uint32_t block);
    bool is_provided(std::uint32_t block) const;
    void settle_poll();
    void settle_plain();
    bool nothing_waits() const;
    Losses losses() const;
    void wake_sleeper();
    void give_up_segment();
    void repair_books();
    bool record_stands_at(Position tail) const;
    void free_unlinked_blocks();
    void replace_segment();
    void replace_if_damaged();
    bool is_damaged() const;
    std::uint64_t waiting() const;

    const SlotName name_;
    const SlotOptions options_;
    const std::chrono::nanoseconds spin_;

    mutable os::BiasedMutex mutex_;  // guards all below except atomics
    // Shared, because a thread may sleep on the bell while the segment is replaced.
    std::shared_ptr<Segment> segment_;
    Position read_;  // place of the next record, present or future
    std::uint64_t consumed_count_ = 0, consumed_bytes_ = 0;
    RecordEnvelope last_;  // the last message taken, which the next may continue
    // The rest of the row at read_: `left` messages between `next` and `end`.
    struct {
        std::size_t left = 0;
        const std::byte *next = nullptr, *end = nullptr;
        std::int64_t base_us = 0;
    } row_;
    // Memory: blocks that this process has touched since they were backed, what the queue has
    // needed since the last look, and whether a look was asked for.
    std::vector<bool> touched_;
    std::uint32_t highest_left_ = 0;
    std::uint64_t trimmed_at_count_ = 0;
    bool trim_is_asked_for_ = false;
    bool provides_ = false;  // memory ahead: back_ahead() was called, and messages wait since
    std::function<void()> ask_for_trim_;
    // Messages taken in a row, and the number after which a reader calls let_some_come().
    std::uint32_t run_ = 0, gather_after_ = kGatherAfter;
    bool has_spun_ = false;        // the last wait was interrupted and will likely be resumed
    bool is_plain_ = true;         // get_now() may take a message; see settle_plain()
    std::deque<Waiter*> waiters_;  // the first sleeps on the bell
    std::atomic<std::uint32_t> all_left_{0};  // 1: closed, and no thread waits any more
    os::UniqueFd event_;                      // readable while a message waits; made by fileno()
    std::uint32_t last_number_ = 0;           // given to a writer
    std::set<std::uint32_t> living_;          // numbers of writers that are not buried
    std::uint64_t earlier_received_ = 0, earlier_repeats_ = 0,
                  bad_records_ = 0;  // in segments given up
    std::uint64_t earlier_received_bytes_ = 0, earlier_senders_forgotten_ = 0;
    Losses earlier_losses_;
    std::atomic<bool> closed_{false};
    HarmWatch harm_;
    Backing backing_;
    std::optional<NotesPage> notes_;  // of a slot that others may write to
    MachineId machine_;               // written into the segment and its successors
    DropBook drops_;
    struct {
        std::uint64_t number = 0, lost_before = 0;
    } dropped_meta_;  // meta of the last dropped record that had any
};

}  // namespace mailslot::inbox
