// The reading end of a slot: owns the segment, and the parts that work on it. docs/inbox.md
// sections 4 to 9.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "inbox/bell.h"
#include "inbox/harm_watch.h"
#include "inbox/reader_blocks.h"
#include "inbox/record_reader.h"
#include "inbox/room_maker.h"
#include "inbox/segment.h"
#include "inbox/sender_notes.h"
#include "inbox/slot_counters.h"
#include "inbox/writer_numbers.h"
#include "mailslot/mailslot.h"
#include "model/machine_id.h"

namespace mailslot::inbox {

// Given by the station to a new writer of the slot.
struct WriterPass {
    std::uint32_t number = 0;
    os::UniqueFd segment, event;  // no event if nobody polls the slot
    os::UniqueFd notes;           // for a post office, of a slot that others may write to
};

// Threads: one at a time, except for reading `closed`
struct ReadingEnd {
    ReadingEnd(const SlotOptions& its_options, Segment made, std::optional<NotesPage> notes_page,
               Backing backing);

    // Takes the oldest message, and reports drops in it. Replaces a damaged segment; nothing waits
    // then. Returns whether a message was taken.
    bool take(RecordEnvelope& record, std::string& payload);
    // Fast path of take(), if nothing is in the way.
    [[gnu::always_inline]] inline bool take_now(std::string& payload) {
        return is_plain && records.take_now(payload);
    }
    // Adds to `dropped`. Returns false if there is nothing more to drop.
    bool drop_some(const Excess& excess, std::uint64_t& dropped);

    Result<WriterPass> admit_writer();  // Errors: closed, no_resources
    Result<WriterPass> admit_office();  // the same, with the notes
    void bury(std::uint32_t number);    // cleans up after that writer, which is dead
    bool look_for_harm();               // returns true if the segment was replaced
    Result<os::Handle> fileno();        // Errors: closed, no_resources
    void ring();                        // for a writer that lacks the event descriptor
    void settle_event();                // if a program polls
    void close();                       // wakes all writers, and the thread on the bell

    const SlotOptions& options;
    // Nothing but the records matters to a get: nobody polls, no drop is unreported, not closed.
    bool is_plain = true;
    std::atomic<bool> closed{false};
    // Shared, because a thread may sleep on the bell while the segment is replaced.
    std::shared_ptr<Segment> segment;
    RecordReader records{*segment, blocks};
    ReaderBlocks blocks;
    Bell bell;
    RoomMaker room_maker;
    SlotCounters counters;
    WriterNumbers numbers;
    HarmWatch harm;
    std::optional<NotesPage> notes;  // of a slot that others may write to
    MachineId machine;               // written into the segment and its successors

private:
    void settle_plain();
    void give_up_segment();
    void replace_segment();
    void replace_if_damaged();
};

}  // namespace mailslot::inbox
