// The stages of a get (docs/inbox.md section 4). Stages 2 to 6 hold the mutex.
// 1. get_now() (get_now.h) is the fast path, which the reader tries first. It takes a message from
//    the block at hand if no thread waits or polls and no drop is unreported. After many messages
//    in a row it calls let_some_come(). In all other cases stage 2 follows.
// 2. get_within() or get_nowait() calls take_and_tell() for stages 3 to 6, unless threads that wait
//    in line come first.
// 3. reach_message() finds the record at the read position (find_record()), checks its commit word,
//    frees the previous block (leave()) and enters the record's (enter()). If the record is a row,
//    begin_row() enters the row.
// 4. take() copies the message out: the fields by read_envelope() and hand_out_envelope(), the
//    payload by copy_out(). take_from_row() does so for a message of a row, and calls stage 5
//    itself.
// 5. move_on() overwrites a word in each cache line of the record and moves the read position.
//    publish() stores the reader line, and wakes writers that wait for room (serve_room()).
// 6. take_or_replace() replaces a damaged segment (replace_segment()), and updates the event
//    descriptor (settle_poll()). take_and_tell() adds drops that are not reported yet
//    (tell_drops()).
// 7. If there was no message, or threads wait in line, get_nowait() returns timed_out. get_within()
//    calls wait_for_one(), which puts the thread in line. The first in line looks again without the
//    mutex (spin()), then arms the bell, looks once more and sleeps (sleep_on_bell()). Other
//    threads sleep until called (Waiter::sleep()). After each sleep, the first in line returns to
//    stage 3, until the deadline, a signal or close().
#include "inbox/inbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/crash_point.h"
#include "inbox/get_now.h"
#include "inbox/inbox_writer.h"
#include "os/cpu.h"
#include "os/interruption.h"

namespace mailslot::inbox {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kCloseSlice{1};
constexpr std::uint64_t kApart = 256;
constexpr std::uint64_t kGatherCycles = 8192;  // 2 to 8 us
constexpr int kGatherPauses = 256;             // at most; the only limit without a cycle counter
constexpr std::uint64_t kGathered = 16;        // at least so many must come to be worth the wait
constexpr std::uint32_t kGatherRarely = 64 * 1024;
constexpr int kLooksPerTime = 32;  // between two looks at the clock: 1 to 2 us

// Finds the place of the next record and its commit word. Returns false if there is none. A reader
// that has armed the bell looks once more before it sleeps, so link and word are both loaded
// sequentially consistent: an acquire load may be done before the arming can be seen (LDAPR on
// ARM). docs/inbox.md section 4.
inline bool look(const Segment& segment, Position& at, std::uint64_t& word) {
    if (Segment::is_at_end(at)) [[unlikely]] {
        const std::uint32_t next = segment.follow(at.block, std::memory_order_seq_cst);
        if (next == kNoBlock) return false;
        at = {next, kBlockHeaderBytes};
    }
    word = segment.word(at).load(std::memory_order_seq_cst);
    return word != 0;
}

}  // namespace

// The state of a thread's wait inside get().
struct Inbox::Wait {
    os::Deadline deadline;
    os::Interruption interruption{};
    bool is_interrupted = false;
    bool spins = true;  // false if no writer rang: another spin would be in vain
    bool has_trimmed = false;
    steady_clock::time_point trim_at = steady_clock::now() + kTrimAfter;

    // Sleeps without the lock while `word` is `expected`, unless a signal has come. May return
    // early.
    void sleep(Lock& lock, const std::atomic<std::uint32_t>& word, std::uint32_t expected,
               os::Deadline until) {
        lock.unlock();
        is_interrupted = interruption.has_come();
        if (!is_interrupted) os::futex_wait(word, expected, interruption.end_of_sleep(until));
        lock.lock();
    }
};

// A thread inside get(). Stands on its stack; accessed with the mutex held, except in its sleep.
struct Inbox::Waiter {
    // Not a condition variable, because a signal cannot end its wait.
    std::atomic<std::uint32_t> called{0};  // 1: now the first in line, or closed

    void call() {
        called.store(1);
        os::futex_wake_all(called);
    }
    void sleep(Lock& lock, Wait& wait) {
        wait.sleep(lock, called, 0, wait.deadline);
        called.store(0);
    }
};

Result<std::shared_ptr<Inbox>> Inbox::create(const SlotName& name, const SlotOptions& options,
                                             std::chrono::nanoseconds spin) {
    auto segment = Segment::create(limits_for(options));
    if (!segment) return segment.error();
    std::optional<NotesPage> notes;
    if (options.access != Access::owner) {
        auto page = NotesPage::create();
        if (!page) return page.error();
        notes = std::move(*page);
    }
    return std::shared_ptr<Inbox>(
        new Inbox(name, options, std::move(*segment), std::move(notes), spin));
}

Inbox::Inbox(const SlotName& name, const SlotOptions& options, Segment segment,
             std::optional<NotesPage> notes, std::chrono::nanoseconds spin)
    : name_(name),
      options_(options),
      spin_(spin),
      segment_(std::make_shared<Segment>(std::move(segment))),
      notes_(std::move(notes)) {}

Inbox::~Inbox() { close(); }

// --- Taking messages out

bool Inbox::find_record(Position& at, std::uint64_t& word) const {
    at = read_;
    return look(*segment_, at, word);
}

// Copies from a place in the chain, leaving blocks behind. Moves `at` to the end of the copied
// bytes. Returns false if the chain is damaged.
inline bool Inbox::copy_out(Position& at, std::span<std::byte> into) {
    for (;;) {
        const std::size_t piece = std::min<std::size_t>(into.size(), kBlockBytes - at.offset);
        if (piece > 0) std::memcpy(into.data(), segment_->block(at.block) + at.offset, piece);
        at.offset += static_cast<std::uint32_t>(piece);
        into = into.subspan(piece);
        if (into.empty()) [[likely]]
            return true;
        const std::uint32_t next = segment_->follow(at.block);
        if (next == kNoBlock) return false;
        move_on({at.block, kBlockBytes});
        leave(at.block);
        enter(next);
        at = read_ = {next, kBlockHeaderBytes};
    }
}

// Reads a record's fields, or derives them from the record before. Moves `at` from the record to
// its payload. Returns false if the record is damaged.
inline bool Inbox::read_envelope(Position& at, const RecordShape& shape) {
    const std::byte* const record = segment_->block(at.block) + at.offset;
    at.offset += static_cast<std::uint32_t>(shape.header_bytes());
    last_.format = shape.format;
    if (shape.is_continued()) {
        continue_fields(shape);
        return last_.kind != RecordKind::continued;
    }
    read_fields(record, shape);
    return copy_out(at, std::span(last_.meta_buffer).first(last_.meta_size));
}

inline void Inbox::hand_out_envelope(RecordEnvelope& record) const {
    record.kind = last_.kind;
    record.format = last_.format;
    record.origin = last_.origin;
    record.sequence = last_.sequence;
    record.sent_at_us = last_.sent_at_us;
    record.dropped_before = 0;
    record.meta_number = last_.meta_number;
    record.meta_size = last_.meta_size;
    std::copy_n(last_.meta_buffer.begin(), last_.meta_size, record.meta_buffer.begin());
}

// Finds the next record, checks its shape and enters its block. Sets `at` to the record's place.
inline Inbox::Took Inbox::reach_record(Position& at, RecordShape& shape) {
    std::uint64_t word = 0;
    if (!find_record(at, word)) return Took::nothing;
    if (!from_commit_word(word, segment_->geometry().limits.max_message_bytes, shape)) [[unlikely]]
        return Took::damage;
    if (at.block != read_.block) [[unlikely]] {
        leave(read_.block);
        enter(at.block);
    }
    read_ = at;  // from here on, damage always ends in replace_segment()
    return Took::message;
}

// Does the same, and enters a row. `at` and `shape` mean nothing inside a row.
inline Inbox::Took Inbox::reach_message(Position& at, RecordShape& shape) {
    if (row_.left > 0) return Took::message;
    const Took reached = reach_record(at, shape);
    if (reached != Took::message || !shape.is_row()) return reached;
    return begin_row(shape) ? Took::message : Took::damage;
}

inline Inbox::Took Inbox::take(RecordEnvelope& record, std::string& payload) {
    Position at;
    RecordShape shape;
    const Took reached = reach_message(at, shape);
    if (reached == Took::nothing) {
        if (segment_->header().room_wanted.load(std::memory_order_relaxed) != 0) serve_room();
    }
    if (reached != Took::message) return reached;
    if (row_.left > 0) {
        if (!take_from_row(payload)) return Took::damage;
        hand_out_envelope(record);
        return Took::message;
    }
    payload.resize(shape.size);  // may throw; nothing has been read yet
    if (!read_envelope(at, shape)) return Took::damage;
    MAILSLOT_CRASH_POINT(reader_copying);
    if (!copy_out(at, std::as_writable_bytes(std::span(payload)))) return Took::damage;
    hand_out_envelope(record);
    move_on({at.block, static_cast<std::uint32_t>(aligned_to_record(at.offset))});
    consumed_count_ += 1;
    consumed_bytes_ += shape.size;
    MAILSLOT_CRASH_POINT(reader_before_publish);
    publish();
    return Took::message;
}

// Like take(), but throws the message away. The caller publishes.
Inbox::Took Inbox::skip() {
    Position at;
    RecordShape shape;
    if (const Took reached = reach_message(at, shape); reached != Took::message) return reached;
    if (row_.left > 0) {
        ContentHead head;
        if (!look_into_row(head)) return Took::damage;
        continue_in_row(head);
        if (row_.left == 0) read_ = end_of_row();
        return Took::message;
    }
    if (!read_envelope(at, shape) || !pass_over(at, shape.size)) return Took::damage;
    read_ = {at.block, static_cast<std::uint32_t>(aligned_to_record(at.offset))};
    consumed_count_ += 1;
    consumed_bytes_ += shape.size;
    return Took::message;
}

// Wakes writers that wait for room once an eighth is free: a wake-up for every message would cost a
// thread switch each. A writer that needs less room checks from time to time.
void Inbox::serve_room() {
    Header& header = segment_->header();
    const Limits& limits = segment_->geometry().limits;
    const BooksCopy books = read_books(header);
    const std::uint64_t count = books.count - consumed_count_,
                        bytes = books.bytes - consumed_bytes_;
    if (count > limits.max_messages - (limits.max_messages + 7) / 8) return;
    if (bytes > limits.max_bytes - (limits.max_bytes + 7) / 8) return;
    header.room_wanted.store(0, std::memory_order_seq_cst);
    os::futex_wake_all(header.room_wanted);
}

// Returns whether a message was taken. Replaces a damaged segment; nothing waits then.
inline bool Inbox::take_or_replace(RecordEnvelope& record, std::string& payload) {
    const Took took = take(record, payload);
    if (took == Took::damage) replace_segment();
    if (event_ && (took != Took::message || nothing_waits())) settle_poll();
    return took == Took::message;
}

// Does the same, and reports drops in the message if there are any: docs/inbox.md section 9.
bool Inbox::take_and_tell(RecordEnvelope& record, std::string& payload) {
    if (!take_or_replace(record, payload)) return false;
    if (!drops_.all_is_told()) tell_drops(record);
    return true;
}

Result<void> Inbox::get_nowait(RecordEnvelope& record, std::string& payload) {
    Lock lock(mutex_);
    if (closed_) return Error{Errc::closed, "get"};
    // Waiting threads come first; messages beyond their number are free for all.
    if (!waiters_.empty() && waiting() <= waiters_.size()) return Error{Errc::timed_out, "get"};
    if (!take_and_tell(record, payload)) return Error{Errc::timed_out, "get"};
    return {};
}

Result<void> Inbox::get_within(RecordEnvelope& record, std::string& payload, Timeout timeout,
                               Interrupted interrupted) {
    Lock lock(mutex_);
    if (waiters_.empty() && !closed_ && take_and_tell(record, payload)) return {};
    // Looks at the clock only here: that costs a good part of a get that need not wait.
    os::Deadline deadline;
    if (timeout >= Timeout::zero()) deadline = steady_clock::now() + timeout;
    return wait_for_one(lock, record, payload, {deadline, os::Interruption(interrupted)});
}

// Waits in line for a message.
// Errors: timed_out, closed, interrupted
Result<void> Inbox::wait_for_one(Lock& lock, RecordEnvelope& record, std::string& payload,
                                 Wait wait) {
    Waiter self;
    waiters_.push_back(&self);
    settle_plain();
    wait.spins = !std::exchange(has_spun_, false);
    bool took = false;
    while (!closed_) {
        // Comes first, so that a waiting message is taken whatever ended the sleep.
        if (waiters_.front() == &self && (took = take_and_tell(record, payload))) break;
        if (wait.is_interrupted || (wait.deadline && steady_clock::now() >= *wait.deadline)) break;
        if (waiters_.front() == &self) {
            sleep_on_bell(lock, wait);
        } else {
            self.sleep(lock, wait);
        }
    }
    waiters_.erase(std::find(waiters_.begin(), waiters_.end(), &self));
    settle_plain();
    if (!waiters_.empty()) {
        waiters_.front()->call();
    } else if (closed_) {
        all_left_.store(1);
        os::futex_wake_all(all_left_);
    }
    if (took) return {};
    if (closed_) return Error{Errc::closed, "get"};
    has_spun_ = wait.is_interrupted;
    return Error{wait.is_interrupted ? Errc::interrupted : Errc::timed_out, "get"};
}

// Looks again for a short while, without the lock, so that a writer need not wake this thread.
// Returns whether a message came or the inbox was closed.
bool Inbox::spin(Lock& lock, os::Deadline deadline) {
    if (spin_.count() == 0) return false;
    const std::shared_ptr<Segment> segment = segment_;
    const Position from = read_;
    const auto wanted = steady_clock::now() + spin_;
    lock.unlock();
    const auto until = deadline ? std::min(wanted, *deadline) : wanted;
    bool came = false, is_pause = false;  // is_pause: longer than the pauses in a stream
    do {
        for (int i = 0; i < kLooksPerTime && !came; ++i) {
            Position at = from;
            std::uint64_t word = 0;
            came = look(*segment, at, word) || closed_.load(std::memory_order_relaxed);
            if (!came) os::cpu_relax();
        }
        // Another thread may need this processor to send the message.
        if (came) break;
        is_pause = true;
        std::this_thread::yield();
    } while (steady_clock::now() < until);
    lock.lock();
    if (is_pause) run_ = 0;
    return came;
}

// Sleeps until a writer or close() rings; may return early. Meanwhile gives back memory that has
// not been needed for a while.
void Inbox::sleep_on_bell(Lock& lock, Wait& wait) {
    if (wait.spins && spin(lock, wait.deadline)) return;
    run_ = 0;
    const std::shared_ptr<Segment> segment = segment_;
    auto& bell = segment->header().bell;
    const std::uint32_t armed =
        bell.fetch_or(kBellSleeper, std::memory_order_seq_cst) | kBellSleeper;
    if (!nothing_waits()) return;
    const bool trim_first = !wait.has_trimmed && (!wait.deadline || *wait.deadline > wait.trim_at);
    wait.sleep(lock, bell, armed, trim_first ? os::Deadline(wait.trim_at) : wait.deadline);
    wait.spins = bell.load(std::memory_order_seq_cst) != armed;
    if (!trim_first || steady_clock::now() < wait.trim_at) return;
    wait.has_trimmed = true;
    if (closed_ || segment != segment_) return;
    while (trim_blocks(0, kTrimAtOnce)) {
    }
}

void Inbox::settle_plain() {
    is_plain_ = waiters_.empty() && !event_ && !closed_ && drops_.all_is_told();
}

// Lets the writers get ahead. A reader right behind a writer makes each of them fetch cache lines
// that the other is about to use, and a message costs both several times as much as if they were
// some hundred messages apart. So a reader that took many messages in a row, without a pause longer
// than a few looks in vain, and finds hardly any more, waits a few us. If few messages come
// meanwhile, it does so more and more rarely.
void Inbox::let_some_come() {
    Lock lock(mutex_);
    run_ = 0;
    const std::uint64_t before = waiting();
    if (before >= kApart) return;
    lock.unlock();
    std::this_thread::yield();  // lets a sender run that needs this processor
    const std::uint64_t began = os::cpu_cycles();
    for (int i = 0; i < kGatherPauses; ++i) {
        if (began != os::kNoCycles && os::cpu_cycles() - began >= kGatherCycles) break;
        os::cpu_relax();
    }
    lock.lock();
    const bool was_worth_while = waiting() >= before + kGathered;
    gather_after_ = was_worth_while ? kGatherAfter : std::min(2 * gather_after_, kGatherRarely);
}

// --- State of the queue

bool Inbox::nothing_waits() const {
    Position at;
    std::uint64_t word = 0;
    return !find_record(at, word);
}

// Returns the number of waiting messages: docs/inbox.md section 5.
std::uint64_t Inbox::waiting() const {
    const std::uint64_t count = read_books(segment_->header()).count;
    if (count > consumed_count_) return count - consumed_count_;
    return nothing_waits() ? 0 : 1;
}

// --- Polling

Result<int> Inbox::fileno() {
    std::lock_guard lock(mutex_);
    if (closed_) return Error{Errc::closed, "fileno"};
    if (!event_) {
        event_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (!event_) return Error{Errc::no_resources, "fileno", errno};
        settle_plain();
        settle_poll();
    }
    return event_.get();
}

// Makes the event descriptor readable exactly if a message waits. If none waits, arms the bell so
// that the next writer makes it readable.
void Inbox::settle_poll() {
    eventfd_t drained = 0;
    eventfd_read(event_.get(), &drained);  // fails if there is nothing to drain
    auto& bell = segment_->header().bell;
    bell.fetch_or(kBellPoll, std::memory_order_seq_cst);
    if (nothing_waits()) return;
    bell.fetch_and(~kBellPoll, std::memory_order_seq_cst);
    eventfd_write(event_.get(), 1);
}

// --- The station's calls

void Inbox::ring() {
    const os::BiasedMutex::Guest guest(mutex_);
    wake_sleeper();
    if (event_) settle_poll();
}

void Inbox::wake_sleeper() {
    auto& bell = segment_->header().bell;
    bell.fetch_and(~kBellSleeper, std::memory_order_seq_cst);
    os::futex_wake_all(bell);
}

void Inbox::give_up_segment() {
    Header& header = segment_->header();
    header.closed.store(1, std::memory_order_seq_cst);
    wake_sleeper();
    os::futex_wake_all(header.room_wanted);
    os::futex_wake_all(header.lock);
}

void Inbox::close() {
    Lock lock(mutex_);
    closed_ = true;
    settle_plain();
    // Repeats, because a hostile writer may arm the bell between a thread's last look and its
    // sleep.
    for (;;) {
        give_up_segment();
        if (waiters_.empty()) return;
        for (Waiter* waiter : waiters_) waiter->call();
        lock.unlock();
        os::futex_wait(all_left_, 0, steady_clock::now() + kCloseSlice);
        lock.lock();
    }
}

}  // namespace mailslot::inbox
