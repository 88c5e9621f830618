// The stages of a get (docs/inbox.md section 4). Stages 2 to 6 hold the mutex.
// 1. get_now() (get_now.h) is the fast path, which the reader tries first. It takes a message from
//    the block at hand if no thread waits or polls and no drop is unreported
//    (RecordReader::take_now()). After many messages in a row it calls let_some_come(). In all other
//    cases stage 2 follows.
// 2. get_within() or get_nowait() calls ReadingEnd::take() for stages 3 to 6, unless threads that
//    wait in line come first.
// 3. RecordReader::reach_message() finds the record at the read position (find_record()), checks its
//    commit word, frees the previous block (ReaderBlocks::leave()) and enters the record's
//    (enter()). If the record is a row, begin_row() enters the row.
// 4. RecordReader::take() copies the message out: the fields by read_envelope() and hand_out(), the
//    payload by copy_out(). take_from_row() does so for a message of a row, and calls stage 5
//    itself.
// 5. move_on() overwrites a word in each cache line of the record and moves the read position.
//    publish() stores the reader line, and wakes writers that wait for room (serve_room()).
// 6. ReadingEnd::take() replaces a damaged segment (replace_segment()), updates the event
//    descriptor (Bell::settle_event()), and adds drops that are not reported yet
//    (RoomMaker::take_untold()).
// 7. If there was no message, or threads wait in line, get_nowait() returns timed_out. get_within()
//    calls WaitingLine::wait(), which puts the thread in line. The first in line looks again without
//    the mutex (spin()), then arms the bell, looks once more and sleeps (sleep_on_bell()). Other
//    threads sleep until called (Waiter::sleep()). After each sleep, the first in line returns to
//    stage 3, until the deadline, a signal or close().
#include "inbox/inbox.h"

#include <functional>
#include <mutex>
#include <utility>

#include "inbox/get_now.h"
#include "os/process.h"

namespace mailslot::inbox {
namespace {

// Holds of the mutex in a call of trim(); few enough that a BiasedMutex keeps its owner.
constexpr int kTrimsAtOnce = 8;

}  // namespace

Result<std::shared_ptr<Inbox>> Inbox::create(const SlotName& name, const SlotOptions& options,
                                             std::chrono::nanoseconds spin, Backing backing) {
    auto segment = Segment::create(limits_for(options));
    if (!segment) return segment.error();
    std::optional<NotesPage> notes;
    if (options.access != Access::owner) {
        auto page = NotesPage::create();
        if (!page) return page.error();
        notes = std::move(*page);
    }
    return std::shared_ptr<Inbox>(
        new Inbox(name, options, std::move(*segment), std::move(notes), spin, std::move(backing)));
}

Inbox::Inbox(const SlotName& name, const SlotOptions& options, Segment segment,
             std::optional<NotesPage> notes, std::chrono::nanoseconds spin, Backing backing)
    : name_(name),
      options_(options),
      line_(end_, gathering_, spin),
      end_(options_, std::move(segment), std::move(notes), std::move(backing)) {}

// --- Messages

Result<void> Inbox::get_nowait(RecordEnvelope& record, std::string& payload) {
    std::lock_guard lock(mutex_);
    if (end_.closed) return Error{Errc::closed, "get"};
    // Waiting threads come first; messages beyond their number are free for all.
    const bool is_free = line_.is_empty() || end_.records.waiting() > line_.size();
    if (is_free && end_.take(record, payload)) return {};
    return Error{Errc::timed_out, "get"};
}

Result<void> Inbox::get_within(RecordEnvelope& record, std::string& payload, Timeout timeout,
                               Interrupted interrupted) {
    WaitingLine::Lock lock(mutex_);
    if (line_.is_empty() && !end_.closed && end_.take(record, payload)) return {};
    // Looks at the clock only here: that costs a good part of a get that need not wait.
    os::Deadline deadline;
    if (timeout >= Timeout::zero()) deadline = std::chrono::steady_clock::now() + timeout;
    const auto take = [&] { return end_.take(record, payload); };
    return line_.wait(lock, std::ref(take), deadline, interrupted);
}

// Lets the writers get ahead: gathering.h.
void Inbox::let_some_come() {
    WaitingLine::Lock lock(mutex_);
    gathering_.begin_anew();
    const std::uint64_t before = end_.records.waiting();
    if (!Gathering::is_close(before)) return;
    lock.unlock();
    Gathering::wait();
    lock.lock();
    gathering_.settle(before, end_.records.waiting());
}

void Inbox::close() {
    WaitingLine::Lock lock(mutex_);
    // Repeats, because a hostile writer may arm the bell between a thread's last look and its
    // sleep.
    for (;;) {
        end_.close();
        if (line_.is_empty()) return;
        line_.call_all();
        line_.wait_for_leavers(lock);
    }
}

// --- State of the queue

bool Inbox::empty() const {
    std::lock_guard lock(mutex_);
    return end_.records.nothing_waits();
}

std::uint64_t Inbox::qsize() const {
    std::lock_guard lock(mutex_);
    return end_.records.waiting();
}

bool Inbox::full() const {
    std::lock_guard lock(mutex_);
    if (end_.records.waiting() >= options_.max_messages) return true;
    const std::uint64_t put = read_tail(end_.segment->header()).bytes;
    const std::uint64_t taken = end_.records.consumed().bytes;
    return put > taken && put - taken >= options_.max_bytes;
}

SlotInfo Inbox::info() const {
    const Guest guest(mutex_);
    SlotInfo info;
    info.name = name_.text;
    info.reader_pid = os::own_process();
    info.max_message_bytes = end_.segment->geometry().limits.max_message_bytes;
    info.max_bytes = options_.max_bytes;
    info.max_messages = options_.max_messages;
    info.when_full = options_.when_full;
    info.require = options_.require.value_or(Trust::none);
    info.order = options_.order;
    info.read_timeout = options_.read_timeout;
    end_.counters.fill(info, end_.records);
    info.lost.dropped_oldest = end_.room_maker.dropped_in_all();
    return info;
}

Result<os::Handle> Inbox::fileno() {
    std::lock_guard lock(mutex_);
    return end_.fileno();
}

// --- The station's calls

Result<WriterPass> Inbox::admit_writer() {
    const Guest guest(mutex_);
    return end_.admit_writer();
}

Result<WriterPass> Inbox::admit_office() {
    const Guest guest(mutex_);
    return end_.admit_office();
}

os::UniqueFd Inbox::event_for_writers() const {
    const Guest guest(mutex_);
    return end_.bell.is_polled() ? os::duplicate(end_.bell.event().get()) : os::UniqueFd();
}

void Inbox::bury(std::uint32_t number) {
    const Guest guest(mutex_);
    end_.bury(number);
}

bool Inbox::look_for_harm() {
    const Guest guest(mutex_);
    return end_.look_for_harm();
}

void Inbox::ring() {
    const Guest guest(mutex_);
    end_.ring();
}

bool Inbox::trim() {
    using Trimmed = ReaderBlocks::Trimmed;
    for (int i = 0; i < kTrimsAtOnce; ++i) {  // readers get the mutex in between
        const Guest guest(mutex_);
        const RecordReader& records = end_.records;
        const Trimmed trimmed = end_.blocks.trim(records.consumed().count, records.nothing_waits());
        if (trimmed != Trimmed::some) return trimmed == Trimmed::all_for_now;
    }
    return true;
}

bool Inbox::make_room(std::uint64_t wanted_bytes) {
    if (options_.when_full != WhenFull::drop_oldest) return false;
    std::uint64_t dropped = 0;
    for (;;) {  // readers get the mutex in between
        const Guest guest(mutex_);
        if (end_.closed) return false;
        const Excess excess = find_excess(end_.records, wanted_bytes);
        if (excess.is_none() && dropped == 0) {
            // Returns true if room was asked for: a writer may have read the word just before this,
            // and put just after find_excess() looked.
            return end_.segment->header().room_asked.exchange(0, std::memory_order_seq_cst) != 0;
        }
        // Ends after max_messages, so that a writer that puts all the time cannot keep this thread
        // here.
        const bool is_done = excess.is_none() ||
                             dropped >= end_.segment->geometry().limits.max_messages ||
                             !end_.drop_some(excess, dropped);
        if (!is_done) continue;
        end_.segment->header().room_asked.store(kRoomIsLookedFor, std::memory_order_seq_cst);
        if (end_.records.nothing_waits()) end_.settle_event();
        return true;
    }
}

void Inbox::back_ahead() {
    const Guest guest(mutex_);
    if (!end_.closed) end_.blocks.back_ahead();
}

DropBook::Drops Inbox::dropped(std::uint64_t first_origin, std::size_t most) const {
    const Guest guest(mutex_);
    return end_.room_maker.drops().dropped(first_origin, most);
}

void Inbox::set_machine(const MachineId& machine) {
    const Guest guest(mutex_);
    end_.machine = machine;
    write_machine(end_.segment->header(), machine);
}

}  // namespace mailslot::inbox
