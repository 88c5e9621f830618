// Writers come and die: their passes, and the repairs by the reading end, of books that a dead
// writer left and of memory that was tampered with. docs/inbox.md sections 6 and 7.

#include <fcntl.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "inbox/inbox.h"
#include "inbox/inbox_writer.h"

namespace mailslot::inbox {

Result<WriterPass> Inbox::admit_writer() {
    const os::BiasedMutex::Guest guest(mutex_);
    replace_if_damaged();
    if (closed_) return Error{Errc::closed, "attach"};
    WriterPass pass;
    pass.segment.reset(fcntl(segment_->fd().get(), F_DUPFD_CLOEXEC, 0));
    if (!pass.segment) return Error{Errc::no_resources, "attach", errno};
    if (event_) pass.event.reset(fcntl(event_.get(), F_DUPFD_CLOEXEC, 0));
    // Numbers start again after 2^31 writers; those of living writers are skipped.
    do {
        last_number_ = last_number_ + 1 < kLockWaiters ? last_number_ + 1 : 1;
    } while (living_.contains(last_number_));
    pass.number = last_number_;
    living_.insert(pass.number);
    return pass;
}

Result<WriterPass> Inbox::admit_office() {
    auto pass = admit_writer();
    if (!pass || !notes_) return pass;
    pass->notes = os::duplicate(notes_->fd().get());
    if (pass->notes) return pass;
    const int system_errno = errno;
    bury(pass->number);
    return Error{Errc::no_resources, "attach", system_errno};
}

os::UniqueFd Inbox::event_for_writers() const {
    const os::BiasedMutex::Guest guest(mutex_);
    return os::UniqueFd(event_ ? fcntl(event_.get(), F_DUPFD_CLOEXEC, 0) : -1);
}

void Inbox::bury(std::uint32_t number) {
    const os::BiasedMutex::Guest guest(mutex_);
    living_.erase(number);
    Header& header = segment_->header();
    // The lock is held in no living writer's name: its holder died, or the name is forged.
    const std::uint32_t held = header.lock.load(std::memory_order_acquire);
    if (held != 0 && !living_.contains(held & ~kLockWaiters)) {
        repair_books();
        free_unlinked_blocks();
        header.lock.store(0, std::memory_order_seq_cst);
    }
    // The writer may have died between unlocking and waking, or between disarming the bell and
    // ringing.
    os::futex_wake_all(header.lock);
    wake_sleeper();
    replace_if_damaged();
    if (event_) settle_poll();
}

bool Inbox::look_for_harm() {
    const os::BiasedMutex::Guest guest(mutex_);
    if (closed_) return false;
    const bool is_spoiled = harm_.look(*segment_, nothing_waits());
    if (!is_spoiled && !is_damaged()) return false;
    replace_segment();
    if (event_) settle_poll();
    return true;
}

// Called when a writer comes or goes. Finds damage that reading does not show, and that would keep
// writers out for good.
void Inbox::replace_if_damaged() {
    if (closed_ || !is_damaged()) return;
    replace_segment();
    if (event_) settle_poll();
}

bool Inbox::is_damaged() const {
    const Header& header = segment_->header();
    const Geometry& geometry = segment_->geometry();
    const Limits& limits = geometry.limits;
    if (header.magic != kMagic || header.version != kLayoutVersion ||
        header.block_bytes != kBlockBytes || header.block_count != geometry.block_count ||
        header.max_bytes != limits.max_bytes || header.max_messages != limits.max_messages ||
        header.max_message_bytes != limits.max_message_bytes ||
        header.when_full != static_cast<std::uint32_t>(limits.when_full) ||
        header.require != static_cast<std::uint32_t>(limits.require) ||
        header.order != static_cast<std::uint32_t>(limits.order) ||
        header.kept_bytes != limits.kept_bytes || header.kept_messages != limits.kept_messages ||
        header.closed.load(std::memory_order_relaxed) != 0 ||
        header.consumed_count.load(std::memory_order_relaxed) != consumed_count_ ||
        header.consumed_bytes.load(std::memory_order_relaxed) != consumed_bytes_) {
        return true;
    }
    // Looks at the lock before the books: while the lock is free, the books include all that could
    // be read.
    const bool is_settled = header.lock.load(std::memory_order_acquire) == 0;
    const BooksCopy books = read_books(header);
    if (!is_possible(books.tail, geometry.block_count)) return true;
    if (books.count < consumed_count_ || books.bytes < consumed_bytes_) return is_settled;
    if (books.count - consumed_count_ > limits.max_messages ||
        books.bytes - consumed_bytes_ > limits.max_bytes) {
        return true;
    }
    return books.count > consumed_count_ && nothing_waits();
}

// Decides whether the lock's dead holder had committed: docs/inbox.md section 6.
void Inbox::repair_books() {
    Header& header = segment_->header();
    const std::uint32_t selector = header.selector.load(std::memory_order_acquire);
    const BooksCopy books = read_books(header);
    const bool committed_and_read = consumed_count_ > books.count;
    // A committed but unread record stands at the selected tail. Records read earlier stand before
    // it.
    const bool committed_unread = consumed_count_ <= books.count && record_stands_at(books.tail);
    if (committed_and_read || committed_unread) {
        header.selector.store(selector + 1, std::memory_order_release);
    }
}

bool Inbox::record_stands_at(Position tail) const {
    if (!is_possible(tail, segment_->geometry().block_count)) return false;
    if (Segment::is_at_end(tail)) {
        tail = {segment_->follow(tail.block), kBlockHeaderBytes};
        if (tail.block == kNoBlock) return false;
    }
    return segment_->word(tail).load(std::memory_order_acquire) != 0;
}

// Frees a block whose writer died after taking it and before linking it. Such a block is on no
// chain from the read position.
void Inbox::free_unlinked_blocks() {
    const std::uint32_t count = segment_->geometry().block_count;
    std::vector<bool> linked(count, false);
    std::uint32_t block = read_.block;
    if (block != kNoBlock) linked[block] = true;
    for (std::uint32_t i = 0; i < count; ++i) {
        block = segment_->follow(block);
        if (block == kNoBlock || linked[block]) break;
        linked[block] = true;
    }
    for (block = 0; block < count; ++block) {
        auto& state = segment_->state(block);
        if (linked[block] || state.load(std::memory_order_acquire) != BlockState::used) continue;
        segment_->release(block);
        state.store(BlockState::free, std::memory_order_release);
    }
}

// Gives up a segment that was tampered with, and all messages in it, and goes on with a fresh one.
// Writers see that the old one is closed, and attach again.
void Inbox::replace_segment() {
    // The books may be false, but the segment never held more messages than its maximum.
    bad_records_ += std::min(waiting(), segment_->geometry().limits.max_messages);
    earlier_losses_ = losses();
    earlier_losses_.bad_record = bad_records_;
    earlier_received_ += consumed_count_;
    earlier_received_bytes_ += consumed_bytes_;
    earlier_repeats_ += segment_->header().repeats.load(std::memory_order_relaxed);
    earlier_senders_forgotten_ +=
        segment_->header().senders_forgotten.load(std::memory_order_relaxed);
    give_up_segment();
    auto fresh = Segment::create(limits_for(options_));
    if (!fresh) {
        closed_ = true;  // no memory for a slot: its readers get `closed`
        settle_plain();
        return;
    }
    write_machine(fresh->header(), machine_);
    segment_ = std::make_shared<Segment>(std::move(*fresh));
    harm_.begin_anew();
    read_ = {};
    last_.kind = RecordKind::continued;
    row_ = {};
    touched_.clear();
    highest_left_ = 0;
    trimmed_at_count_ = ~std::uint64_t{0};
    consumed_count_ = consumed_bytes_ = 0;
}

}  // namespace mailslot::inbox
