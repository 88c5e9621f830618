// The reading end of one slot: owns the segment. docs/inbox.md sections 4 to 7.
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
#include "inbox/drop_book.h"
#include "inbox/harm_watch.h"
#include "inbox/segment.h"
#include "inbox/sender_notes.h"
#include "model/address.h"
#include "model/contents.h"
#include "model/form.h"
#include "os/biased_mutex.h"
#include "os/futex.h"

namespace mailslot::inbox {

// A message taken out, but for its payload.
struct RecordEnvelope {
    RecordKind kind = RecordKind::continued;  // there was none yet
    Form format{};
    std::uint64_t origin = 0, sequence = 0;
    std::int64_t sent_at_us = 0;
    std::uint64_t dropped_before = 0;  // of this origin, to make room, since its last one
    std::uint64_t meta_number =
        0;  // two records of one inbox with the same number have the same meta
    std::uint16_t meta_size = 0;
    std::array<std::byte, kMaxMetaBytes> meta_buffer;

    Bytes meta() const { return std::span(meta_buffer).first(meta_size); }
};

struct Record : RecordEnvelope {
    std::string payload;
};

// What a new writer of the slot is given.
struct WriterPass {
    std::uint32_t number = 0;
    os::UniqueFd segment, event;  // event: none where nobody polls the slot
    os::UniqueFd notes;           // for a post office, of a slot that others may write to
};

// How long memory that was needed is kept, for it may be needed again: a pause long enough that a
// page fault does not matter.
inline constexpr std::chrono::milliseconds kTrimAfter{100};
// Given back under one hold of the lock, 2 MiB: a reader waits for it some 0.2 ms at most.
inline constexpr std::uint32_t kTrimAtOnce = 32;
// Holds in one call; below what makes a BiasedMutex an ordinary one.
inline constexpr int kTrimsAtOnce = 8;

// A reader that got so many in a row looks how close behind the writers it is.
inline constexpr std::uint32_t kGatherAfter = 64;
// While a slot drops its oldest: how often it is looked at without being asked. Longer than what
// makes a BiasedMutex an ordinary one.
inline constexpr std::chrono::milliseconds kLookForRoomEvery{2};

// Threads: any, at once.
class Inbox {
public:
    // Errors: no_resources.
    // `spin`: how long a thread that finds nothing looks again before it sleeps.
    static Result<std::shared_ptr<Inbox>> create(const SlotName& name, const SlotOptions& options,
                                                 std::chrono::nanoseconds spin = {});
    ~Inbox();

    const SlotName& name() const { return name_; }
    const SlotOptions& options() const { return options_; }

    // Takes the oldest message; waits for one until `deadline`. Threads are served in the order of
    // coming. `interrupted` is called with no lock held, and a message that is there comes first.
    // Errors: timed_out, closed, interrupted.
    Result<void> get(Record& record, os::Deadline deadline, Interrupted interrupted = nullptr);
    Result<void> get_nowait(Record& record) { return get_nowait(record, record.payload); }
    // The same into a string of the caller's, whose memory serves again. Below 0: no deadline.
    Result<void> get_within(RecordEnvelope& record, std::string& payload, Timeout timeout,
                            Interrupted interrupted = nullptr);
    Result<void> get_nowait(RecordEnvelope& record, std::string& payload);
    // The same of a message that waits, where nothing is in the way; false: nothing was done. Calls
    // `use` with the envelope, the mutex held. get_now.h
    template <class Use>
    bool get_now(std::string& payload, const Use& use);

    std::uint64_t qsize() const;
    bool empty() const;
    bool full() const;
    SlotInfo info() const;
    Result<int> fileno();  // Errors: closed, no_resources

    // Wakes everybody: they get `closed`. Waits until no thread is inside get. Again: no effect.
    void close();
    bool is_closed() const { return closed_.load(std::memory_order_acquire); }

    // For the station.
    Result<WriterPass> admit_writer();       // Errors: closed, no_resources
    Result<WriterPass> admit_office();       // the same, with the notes
    os::UniqueFd event_for_writers() const;  // a duplicate; none where nobody polls the slot
    void bury(std::uint32_t number);         // that writer is dead
    // Where others may write: what one of them may have left, or hold up. For about once a second.
    // True: the memory is another now, and who has the old one should be given this.
    bool look_for_harm();
    void ring();  // a writer asks: it lacks the event descriptor
    // `ask` is called, on any thread, when there may be memory to give back in a while. Set before
    // anybody else knows the inbox.
    void on_spare_memory(std::function<void()> ask) { ask_for_trim_ = std::move(ask); }
    // Gives back some of what the queue did not need since the last call. True: call again in
    // kTrimAfter.
    bool trim();
    // Of a slot that drops its oldest: drops what it has beside what it keeps, and so much that a
    // message of that size goes in. True: call again in kLookForRoomEvery. docs/inbox.md section 9.
    bool make_room(std::uint64_t wanted_bytes = 0);
    // Of which origins it dropped how many, the first `most` from `first_origin` on.
    DropBook::Drops dropped(std::uint64_t first_origin, std::size_t most) const;
    // By what writers to many mark messages that they have put here themselves.
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

    mutable os::BiasedMutex mutex_;  // guards all below but for atomics
    std::shared_ptr<Segment>
        segment_;    // shared: a thread may sleep on its bell while it is replaced
    Position read_;  // where the next record is, or will be
    std::uint64_t consumed_count_ = 0, consumed_bytes_ = 0;
    RecordEnvelope last_;  // of the last message taken: the next one may continue it
    // What is left of the row at read_: so many messages, between these two.
    struct {
        std::size_t left = 0;
        const std::byte *next = nullptr, *end = nullptr;
        std::int64_t base_us = 0;
    } row_;
    // Memory: which blocks this process has touched since they were backed, what the queue has
    // needed since the last look, and whether somebody will look.
    std::vector<bool> touched_;
    std::uint32_t highest_left_ = 0;
    std::uint64_t trimmed_at_count_ = 0;
    bool trim_is_asked_for_ = false;
    std::function<void()> ask_for_trim_;
    // Taken in one run, and the run after which a reader looks how close behind it is.
    std::uint32_t run_ = 0, gather_after_ = kGatherAfter;
    bool has_spun_ = false;        // the last wait was interrupted, and is likely gone on with
    bool is_plain_ = true;         // nobody waits or polls, and it is open: get_now may take
    std::deque<Waiter*> waiters_;  // the first sleeps on the bell
    std::atomic<std::uint32_t> all_left_{0};  // 1: it is closed, and nobody waits any more
    os::UniqueFd event_;                      // readable while a message waits; made by fileno()
    std::uint32_t last_number_ = 0;           // given to a writer
    std::set<std::uint32_t> living_;          // numbers of writers that are not buried
    std::uint64_t earlier_received_ = 0, earlier_repeats_ = 0,
                  bad_records_ = 0;  // of segments given up
    std::uint64_t earlier_received_bytes_ = 0, earlier_senders_forgotten_ = 0;
    Losses earlier_losses_;
    std::atomic<bool> closed_{false};
    HarmWatch harm_;
    std::optional<NotesPage> notes_;  // of a slot that others may write to
    MachineId machine_;               // stands in the segment, and in the next one
    DropBook drops_;
    struct {
        std::uint64_t number = 0, lost_before = 0;
    } dropped_meta_;  // of the last dropped record that had one
};

}  // namespace mailslot::inbox
