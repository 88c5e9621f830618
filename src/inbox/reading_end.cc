#include "inbox/reading_end.h"

#include <utility>

#include "inbox/repair.h"
#include "inbox/take_now.h"
#include "os/failure.h"
#include "os/fd.h"
#include "os/futex.h"

namespace mailslot::inbox {

ReadingEnd::ReadingEnd(const SlotOptions& its_options, Segment made,
                       std::optional<NotesPage> notes_page, Backing backing)
    : options(its_options),
      segment(std::make_shared<Segment>(std::move(made))),
      blocks(*segment, std::move(backing)),
      notes(std::move(notes_page)) {}

void ReadingEnd::settle_plain() {
    is_plain = !bell.is_polled() && !closed && room_maker.all_is_told();
}

void ReadingEnd::settle_event() {
    if (bell.is_polled()) bell.settle_event(records);
}

// --- Messages

bool ReadingEnd::take(RecordEnvelope& record, std::string& payload) {
    const auto took = records.take(record, payload);
    const bool is_taken = took == RecordReader::Took::message;
    if (took == RecordReader::Took::damage) replace_segment();
    if (bell.is_polled() && (!is_taken || records.nothing_waits())) settle_event();
    if (is_taken && !room_maker.all_is_told()) {
        record.dropped_before = room_maker.take_untold(record.origin);
        settle_plain();
    }
    return is_taken;
}

bool ReadingEnd::drop_some(const Excess& excess, std::uint64_t& dropped) {
    const auto took = room_maker.drop_some(records, excess, dropped);
    settle_plain();
    if (took == RecordReader::Took::damage) replace_segment();
    return took == RecordReader::Took::message;
}

// --- Writers come and die: docs/inbox.md section 6

Result<WriterPass> ReadingEnd::admit_writer() {
    replace_if_damaged();
    if (closed) return Error{Errc::closed, "attach"};
    WriterPass pass;
    pass.segment = os::duplicate(segment->fd().get());
    if (!pass.segment) return Error{Errc::no_resources, "attach", os::last_code()};
    if (bell.is_polled()) pass.event = os::duplicate(bell.event().get());
    pass.number = numbers.give();
    return pass;
}

Result<WriterPass> ReadingEnd::admit_office() {
    auto pass = admit_writer();
    if (!pass || !notes) return pass;
    pass->notes = os::duplicate(notes->fd().get());
    if (pass->notes) return pass;
    const int os_code = os::last_code();
    bury(pass->number);
    return Error{Errc::no_resources, "attach", os_code};
}

void ReadingEnd::bury(std::uint32_t number) {
    numbers.take_back(number);
    Header& header = segment->header();
    // The lock is held in no living writer's name: its holder died, or the name is forged.
    const std::uint32_t held = header.lock.load(std::memory_order_acquire);
    if (held != 0 && !numbers.is_living(held & ~kLockWaiters)) free_lock(records);
    // The writer may have died between unlocking and waking, or between disarming the bell and
    // ringing.
    os::futex_wake_all(header.lock);
    Bell::wake_sleeper(header);
    replace_if_damaged();
    settle_event();
}

void ReadingEnd::ring() {
    Bell::wake_sleeper(segment->header());
    settle_event();
}

Result<os::Handle> ReadingEnd::fileno() {
    if (closed) return Error{Errc::closed, "fileno"};
    if (!bell.is_polled()) {
        if (auto opened = bell.open_event(); !opened) return opened.error();
        settle_plain();
        settle_event();
    }
    return bell.event().get();
}

// --- Damage: docs/inbox.md section 7

bool ReadingEnd::look_for_harm() {
    if (closed) return false;
    const bool is_spoiled = harm.look(*segment, records.nothing_waits());
    if (!is_spoiled && !is_damaged(records)) return false;
    replace_segment();
    settle_event();
    return true;
}

// For when a writer comes or goes.
void ReadingEnd::replace_if_damaged() {
    if (closed || !is_damaged(records)) return;
    replace_segment();
    settle_event();
}

// Gives up a segment that was tampered with, and all messages in it, and goes on with a fresh one.
// Writers see that the old one is closed, and attach again.
void ReadingEnd::replace_segment() {
    counters.give_up(records);
    give_up_segment();
    auto fresh = Segment::create(limits_for(options));
    if (!fresh) {
        closed = true;  // no memory for a slot: its readers get `closed`
        settle_plain();
        return;
    }
    write_machine(fresh->header(), machine);
    segment = std::make_shared<Segment>(std::move(*fresh));
    harm.begin_anew();
    records.begin_in(*segment);
    blocks.begin_in(*segment);
}

void ReadingEnd::give_up_segment() {
    Header& header = segment->header();
    header.closed.store(1, std::memory_order_seq_cst);
    Bell::wake_sleeper(header);
    os::futex_wake_all(header.room_wanted);
    os::futex_wake_all(header.lock);
}

void ReadingEnd::close() {
    closed = true;
    settle_plain();
    give_up_segment();
}

}  // namespace mailslot::inbox
