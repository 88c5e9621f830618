// The inbox of a slot: its reading end, which the threads of a process share. docs/inbox.md
// sections 4 to 9.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "inbox/gathering.h"
#include "inbox/reading_end.h"
#include "inbox/waiting_line.h"
#include "mailslot/mailslot.h"
#include "model/address.h"
#include "os/biased_mutex.h"

namespace mailslot::inbox {

// Threads: any, at once
class Inbox {
public:
    // `spin` is how long a thread that finds nothing looks again before it sleeps. `backing` says
    // whether the reader may provide memory for writers.
    // Errors: no_resources
    static Result<std::shared_ptr<Inbox>> create(const SlotName& name, const SlotOptions& options,
                                                 std::chrono::nanoseconds spin = {},
                                                 Backing backing = Backing());
    ~Inbox() { close(); }

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
    Result<os::Handle> fileno();  // Errors: closed, no_resources

    // Wakes all waiting threads, which then return `closed`. Waits until no thread is inside get. A
    // second call does nothing.
    void close();
    bool is_closed() const { return end_.closed.load(std::memory_order_acquire); }

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
    void on_spare_memory(std::function<void()> ask) { end_.blocks.on_spare_memory(std::move(ask)); }
    // Gives back some memory that the queue has not needed since the last call. Returns true if the
    // caller should call again in kTrimAfter.
    bool trim();
    // In a slot that drops its oldest: drops all messages above the number and bytes to keep, and
    // enough for a message of `wanted_bytes`. Returns true if the caller should call again in
    // kLookForRoomEvery. docs/inbox.md section 9.
    bool make_room(std::uint64_t wanted_bytes = 0);
    // Provides memory ahead for writers that may not take it themselves. docs/memory.md
    void back_ahead();
    // Returns the numbers of dropped messages by origin, at most `most`, from `first_origin` on.
    DropBook::Drops dropped(std::uint64_t first_origin, std::size_t most) const;
    // Sets the id by which writers to many machines mark messages that they have already put here.
    void set_machine(const MachineId& machine);

private:
    using Guest = os::BiasedMutex::Guest;

    Inbox(const SlotName& name, const SlotOptions& options, Segment segment,
          std::optional<NotesPage> notes, std::chrono::nanoseconds spin, Backing backing);
    void let_some_come();

    const SlotName name_;
    const SlotOptions options_;

    mutable os::BiasedMutex mutex_;  // guards all below except atomics
    Gathering gathering_;
    WaitingLine line_;
    ReadingEnd end_;
};

}  // namespace mailslot::inbox
