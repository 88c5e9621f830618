#include "post/post_office.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/saturating.h"
#include "model/fold.h"
#include "post/gateway_mark.h"

namespace mailslot::post {

using Standing = SequenceWindow::Standing;

namespace {

Content first_of(const Parcel& parcel) {
    const Envelope& one = parcel.envelope;
    if (!parcel.contents.empty()) return parcel.contents.front();
    return {one.payload, one.sent_at_us, one.format};
}

// Returns false if the time is a gateway's. Gateways pass on single messages.
bool has_senders_time(const Parcel& parcel) {
    if (parcel.envelope.has_no_time) return false;
    if (parcel.size() > 1 || !first_of(parcel).format.labelled) return true;
    return !came_by_gateway(parcel.front());
}

}  // namespace

PostOffice::PostOffice(Identity identity, const Clock& clock, Slots& slots, const Limits& limits)
    : identity_(std::move(identity)),
      ids_(identity_.station, identity_.is_our_address),
      clock_(clock),
      slots_(slots),
      book_(std::max<std::size_t>(limits.senders, 1)),
      reassembly_(limits.reassembly),
      sender_rate_(limits.sender_rate),
      slot_rate_(limits.slot_rate) {}

void PostOffice::deliver(std::span<const Parcel> arrived) {
    look_at_clock();
    for (const Parcel& parcel : arrived) take_in(parcel);
    while (room_.is_over_in_all()) let_go(room_.longest(), kMaxSequence);
    flush();
}

void PostOffice::look_at_clock() {
    now_ = clock_.now();
    now_through_sleep_ = clock_.now_through_sleep();
}

void PostOffice::take_in(const Parcel& parcel) {
    if (parcel.size() > 1 && parcel.envelope.sequence > kMaxSequence - parcel.size()) {
        // Only some of the numbers may be valid, so each message goes by itself.
        return parcel.for_each([&](const Envelope& message) {
            take_in({message, {}, parcel.kernel_drops, parcel.way});
        });
    }
    if (parcel.envelope.kind == Kind::copy) return take_copy(parcel);
    note_drops(parcel);
    counters_.envelopes += parcel.size();
    if (!admits(parcel)) return;
    SlotBook* const slot = find_slot(parcel.envelope.slot);
    if (slot == nullptr) {
        count_no_such_slot(parcel);
        return;
    }
    if (parcel.envelope.trust < slot->require || is_refused(parcel.envelope)) {
        return refuse(*slot, parcel);
    }
    if (slot != run_slot_) flush();
    const std::uint64_t origin = origin_in_books(*slot, parcel);
    if (origin == parcel.envelope.origin) return handle(*slot, parcel);
    Parcel of_second = parcel;
    of_second.envelope.origin = origin;
    handle(*slot, of_second);
}

void PostOffice::tick() {
    look_at_clock();
    end_waits();
    while (const auto late = reassembly_.take_timed_out(now_)) {
        Sender* const sender = book_.find(late->sender);
        MAILSLOT_CHECK(sender != nullptr);
        give_up(*sender, late->sequence, &Losses::fragment_timed_out);
    }
    flush();
}

std::optional<Clock::Instant> PostOffice::next_tick() const {
    const auto part = reassembly_.next_time_out(), ahead = room_.next_time_out();
    return part && ahead ? std::min(part, ahead) : part ? part : ahead;
}

// ---- Slots

SlotBook* PostOffice::find_slot(std::string_view spelling) {
    if (last_spelling_ != nullptr && last_spelling_->first == spelling)
        return last_spelling_->second;
    auto seen = spellings_.find(spelling);
    if (seen == spellings_.end()) seen = add_spelling(spelling);
    last_spelling_ = &*seen;
    return seen->second;
}

PostOffice::Spellings::iterator PostOffice::add_spelling(std::string_view spelling) {
    const std::optional<std::string> key = fold(spelling);
    const auto found = key ? open_.find(*key) : open_.end();
    SlotBook* const slot = found == open_.end() ? nullptr : &found->second;
    if (spellings_.size() >= kMaxSpellings) forget_spellings();
    return spellings_.emplace(spelling, slot).first;
}

void PostOffice::forget_spellings() {
    last_spelling_ = nullptr;
    spellings_.clear();
}

void PostOffice::count_no_such_slot(const Parcel& parcel) {
    const Envelope& envelope = parcel.envelope;
    const bool is_first_part = envelope.kind == Kind::fragment && envelope.offset == 0;
    if (envelope.kind == Kind::message || is_first_part) counters_.no_such_slot += parcel.size();
}

void PostOffice::slot_opened(std::string_view slot_key) {
    forget_slot(slot_key);
    SlotBook& slot = open_[std::string(slot_key)];
    slot.key = slot_key;
    slot.opened_at = clock_.now_through_sleep();
    forget_spellings();
}

void PostOffice::slot_taken_over(std::string_view slot_key, Clock::Instant open_since) {
    slot_opened(slot_key);
    open_.find(slot_key)->second.opened_at = open_since;
}

void PostOffice::recall_sender(std::string_view slot_key, std::uint64_t origin,
                               std::uint64_t next) {
    const auto found = open_.find(slot_key);
    if (found == open_.end() || next == 0 || next > kMaxSequence + 1) return;
    const SenderKey key{&found->second, origin};
    if (book_.is_full() || book_.find(key) != nullptr) return;
    Sender& sender = book_.add(key, next, {});
    sender.window.close_the_past();
    sender.kernel_drops = kernel_drops_;
    const Clock::Instant now = clock_.now_through_sleep();
    sender.acquaintance.restore(next, now, now);
    book_.heard(sender, now);
}

void PostOffice::forget_slot(std::string_view slot_key) {
    const auto found = open_.find(slot_key);
    if (found == open_.end()) return;
    clear_books(found->second);
    open_.erase(found);
    forget_spellings();
}

void PostOffice::clear_books(SlotBook& slot) {
    while (!slot.senders.empty()) {
        Sender& sender = *slot.senders.begin()->second;
        counters_.no_such_slot += room_.drop_all(sender);
        for (const std::uint64_t sequence : reassembly_.drop_all(sender.key)) {
            if (sequence >= sender.window.next()) ++counters_.no_such_slot;
        }
        book_.remove(sender);
    }
    slot.counters = {};
    slot.forgot_until = Clock::Instant::min();
}

// ---- Senders

Sender& PostOffice::sender_of(SlotBook& slot, const Parcel& parcel) {
    const Envelope& envelope = parcel.envelope;
    const SenderKey key{&slot, envelope.origin};
    Sender* sender = book_.find(key);
    if (sender == nullptr) {
        if (book_.is_full()) make_room_for_sender();
        sender = &book_.add(key, first_that_counts(slot, envelope), envelope);
        // Drops before this sender began are not its losses.
        if (dropped_at_ < began(envelope)) sender->kernel_drops = parcel.kernel_drops;
    }
    book_.heard(*sender, now_through_sleep_);
    if (sender->host.empty()) {  // recalled by its numbers alone
        sender->host = envelope.from_host;
        sender->address = envelope.from_address;
    }
    return *sender;
}

void PostOffice::note(const Sender& sender) const {
    slots_.note_sender(sender.key.slot->key, sender.key.origin, sender.window.next());
}

void PostOffice::note_drops(const Parcel& parcel) {
    if (parcel.kernel_drops <= kernel_drops_) return;
    kernel_drops_ = parcel.kernel_drops;
    dropped_at_ = now_through_sleep_;
}

void PostOffice::make_room_for_sender() {
    let_go(book_.least_recent(), kMaxSequence);
    flush();                                     // the run may hold messages of that sender
    if (book_.is_full()) forget_least_recent();  // else a slot went with all its senders
}

void PostOffice::forget_least_recent() {
    Sender& oldest = book_.least_recent();
    for (const std::uint64_t sequence : reassembly_.drop_all(oldest.key)) {
        give_up(oldest, sequence, &Losses::over_limit);
    }
    SlotBook& slot = *oldest.key.slot;
    slot.forgot_until = std::max(slot.forgot_until, oldest.last_heard);
    book_.remove(oldest);
    ++counters_.senders_forgotten;
    ++slot.counters.senders_forgotten;
}

// ---- One parcel for an open slot

void PostOffice::handle(SlotBook& slot, const Parcel& parcel) {
    const Envelope& envelope = parcel.envelope;
    // A writer that ends without having sent anything leaves no trace.
    if (envelope.kind == Kind::end && envelope.sequence == 1) return;
    Sender& sender = sender_of(slot, parcel);
    const std::uint64_t drops_before = sender.kernel_drops;
    sender.acquaintance.heard(word_of(&sender, parcel));
    sender.kernel_drops = std::max(drops_before, parcel.kernel_drops);
    if (slot.order == Order::kept) hear_way(sender, parcel);
    if (is_ahead(sender, parcel)) {
        keep(sender, parcel, drops_before);
    } else {
        handle_in_turn(sender, parcel, sender.kernel_drops > drops_before);
    }
    if (room_.is_empty()) return;
    // The slot's reader may have turned out to be gone, and the sender with the slot.
    if (Sender* const still_there = book_.find({&slot, envelope.origin})) let_go(*still_there);
}

void PostOffice::handle_in_turn(Sender& sender, const Parcel& parcel, bool dropped) {
    count_gap(sender, parcel.envelope.sequence, dropped);
    if (parcel.envelope.kind == Kind::message) handle_messages(sender, parcel);
    if (parcel.envelope.kind == Kind::fragment) handle_fragment(sender, parcel.envelope);
}

// Handles the messages at once if all are new or all are repeats. At this point the window's `next`
// is at least the number of the first message.
void PostOffice::handle_messages(Sender& sender, const Parcel& parcel) {
    SequenceWindow& window = sender.window;
    const std::uint64_t first = parcel.envelope.sequence;
    if (first == window.next()) {
        if (reassembly_.messages() > 0) drop_parts(sender, first, parcel.size());
        window.set_next_arrived(parcel.size());
        note_time(parcel);
        stage(sender, parcel);
    } else if (window.has_arrived(first, parcel.size())) {
        count_repeats(sender, parcel);
    } else {
        parcel.for_each([&](const Envelope& message) { handle_message(sender, message); });
    }
}

void PostOffice::handle_message(Sender& sender, const Envelope& message) {
    Standing standing = sender.window.standing(message.sequence);
    if (standing == Standing::arrived || standing == Standing::too_old) {
        count_repeats(sender, {message});
        if (standing == Standing::too_old) {
            ++sender.key.slot->counters.too_old;
            ++counters_.too_old;
        }
        return;
    }
    standing = revive(sender, message.sequence, standing);
    reassembly_.drop(sender.key, message.sequence);
    accept(sender, message.sequence, standing);
    note_time({message});
    stage(sender, {message});
}

void PostOffice::count_repeats(Sender& sender, const Parcel& repeats) {
    const std::uint64_t count = repeats.size();
    const Envelope& first = repeats.envelope;
    const std::int64_t sent_at = first_of(repeats).sent_at_us;
    const bool is_another = times_.is_another(first.origin, first.sequence, sent_at);
    if (is_another && has_senders_time(repeats)) origin_conflicts_ += count;
    if (times_.is_same(first.origin, first.sequence, sent_at)) {
        sender.acquaintance.add(first.from_address);
    }
    sender.repeats += count;
    sender.key.slot->counters.repeats += count;
    counters_.repeats += count;
}

// Notes the time of the first message only, because copies are packed alike.
void PostOffice::note_time(const Parcel& parcel) {
    const Envelope& first = parcel.envelope;
    if (!has_senders_time(parcel)) return;
    times_.note(first.origin, first.sequence, first_of(parcel).sent_at_us);
}

// ---- Losses

// Counts the numbers missing below `sequence` as lost: they were sent, and the gap is certain. The
// missing messages were on their way between the sender's last parcel before the gap and the moment
// when the gap became certain. `dropped`: the kernel dropped something at our sockets in that time.
void PostOffice::count_gap(Sender& sender, std::uint64_t sequence, bool dropped) {
    const std::uint64_t gap = sender.window.advance_to(sequence);
    if (gap == 0) return;
    if (dropped) sender.window.set_dropped(gap);
    count_loss(sender, dropped ? &Losses::kernel_drop : &Losses::network_gap, gap);
}

void PostOffice::count_loss(Sender& sender, Loss cause, std::uint64_t count) {
    count_up(sender.lost.*cause, count);
    count_up(sender.lost_untold, count);
    count_up(sender.key.slot->counters.lost.*cause, count);
    count_up(counters_.lost.*cause, count);
    if (count > 0) note(sender);
}

// Returns the cause under which to correct a gap. Below the window the cause of a gap is not known,
// so `cause` may be taken for the other cause.
Loss PostOffice::gap_counted_as(Sender& sender, Loss cause) {
    if (sender.lost.*cause > 0) return cause;
    return cause == &Losses::network_gap ? &Losses::kernel_drop : &Losses::network_gap;
}

void PostOffice::take_gap_back(Sender& sender, std::uint64_t sequence, Loss told) {
    const Loss cause = gap_counted_as(sender, told);
    count_down(sender.lost.*cause);
    count_down(sender.key.slot->counters.lost.*cause);
    count_down(counters_.lost.*cause);
    if (sequence < sender.told_below) {
        ++sender.told_then_arrived;
    } else {
        count_down(sender.lost_untold);
    }
}

// Moves a loss to a better known cause.
void PostOffice::move_loss(Sender& sender, Loss from, Loss to) {
    for (Losses* const lost : {&sender.lost, &sender.key.slot->counters.lost, &counters_.lost}) {
        count_down(lost->*from);
        count_up(lost->*to, 1);
    }
}

// Makes a number that had been given up missing again, because a part of the message came after
// all.
Standing PostOffice::revive(Sender& sender, std::uint64_t sequence, Standing standing) {
    if (standing != Standing::timed_out && standing != Standing::evicted) return standing;
    const bool timed_out = standing == Standing::timed_out;
    move_loss(sender, timed_out ? &Losses::fragment_timed_out : &Losses::over_limit,
              &Losses::network_gap);
    sender.window.clear_cause(sequence);
    return Standing::missing;
}

// Marks `sequence` as here, whole.
void PostOffice::accept(Sender& sender, std::uint64_t sequence, Standing standing) {
    sender.window.set_arrived(sequence);
    if (standing == Standing::missing) take_gap_back(sender, sequence, &Losses::network_gap);
    if (standing == Standing::dropped) take_gap_back(sender, sequence, &Losses::kernel_drop);
}

// ---- Into the slot

// Returns how many messages the limits allow. A machine over its own limit takes nothing of the
// slot's.
std::uint64_t PostOffice::within_limits(Sender& sender, std::uint64_t wanted) {
    TokenBucket* const own = sender_rate_ > 0 ? &book_.bucket_of(sender) : nullptr;
    const std::uint64_t of_sender = own != nullptr ? own->take(wanted, sender_rate_, now_) : wanted;
    if (slot_rate_ == 0) return of_sender;
    const std::uint64_t taken = sender.key.slot->bucket.take(of_sender, slot_rate_, now_);
    if (own != nullptr) own->give_back(of_sender - taken);
    return taken;
}

void PostOffice::stage(Sender& sender, Parcel parcel) {
    if (sender_rate_ > 0 || slot_rate_ > 0) {
        const std::uint64_t taken = within_limits(sender, parcel.size());
        const std::uint64_t over = parcel.size() - taken;
        if (taken > 0) {
            if (over > 0) parcel.contents = parcel.contents.first(taken);
            put_into_run(sender, parcel);
        }
        if (over > 0) count_loss(sender, &Losses::over_limit, over);
        return;
    }
    put_into_run(sender, parcel);
}

void PostOffice::put_into_run(Sender& sender, const Parcel& parcel) {
    const std::size_t index = run_.size();
    run_slot_ = sender.key.slot;
    run_.push_back(parcel);
    run_.back().envelope.lost_before = std::exchange(sender.lost_untold, 0);
    staged_.push_back({&sender, std::exchange(sender.told_below, sender.window.next())});
    if (sender.staged != Sender::kNotStaged) staged_[sender.staged].next = index;
    sender.staged = index;
}

void PostOffice::flush() {
    for (std::size_t front = 0; front < run_.size();) {
        const Result<std::size_t> taken =
            slots_.put(run_slot_->key, std::span(run_).subspan(front));
        if (taken && *taken > 0) {
            front = settle_taken(front, *taken);
            continue;
        }
        const Errc why = taken ? Errc::no_permission : taken.error().code;
        if (why == Errc::no_such_slot) {
            counters_.no_such_slot += messages_from(front);
            clear_books(*run_slot_);
            run_slot_->opened_at = now_through_sleep_;
            staged_.clear();
            break;
        }
        // A refusal for want of memory, or because another writer of the slot is stopped, counts as
        // a limit.
        front = settle_refused(front, why == Errc::slot_full         ? &Losses::slot_full
                                      : why == Errc::message_too_big ? &Losses::message_too_big
                                                                     : &Losses::over_limit);
    }
    for (const Staged& staged : staged_) staged.sender->staged = Sender::kNotStaged;
    run_.clear();
    staged_.clear();
    gone_.clear();
    run_slot_ = nullptr;
}

std::size_t PostOffice::messages_from(std::size_t front) const {
    std::size_t count = 0;
    for (; front < run_.size(); ++front) count += run_[front].size();
    return count;
}

// Returns the new front of the run.
std::size_t PostOffice::settle_taken(std::size_t front, std::size_t count) {
    run_slot_->counters.received += count;
    counters_.delivered += count;
    for (; count > 0; ++front) {
        MAILSLOT_CHECK(front < run_.size());
        Parcel& parcel = run_[front];
        const std::size_t taken = std::min(count, parcel.size());
        staged_[front].sender->received += taken;
        count -= taken;
        if (taken == parcel.size()) continue;
        parcel.remove_front(taken);
        staged_[front].told_below = parcel.envelope.sequence;
        break;
    }
    return front;
}

// Counts the message at the front as lost. The sender's next message, which may be in the same
// parcel or run, reports that loss, and the losses that the refused message would have reported.
// Returns the new front of the run.
std::size_t PostOffice::settle_refused(std::size_t front, Loss cause) {
    const Staged& refused = staged_[front];
    Parcel& parcel = run_[front];
    Sender& sender = *refused.sender;
    const std::uint64_t untold = parcel.envelope.lost_before;
    count_loss(sender, cause, 1);
    if (parcel.size() > 1) {
        count_down(sender.lost_untold);
        parcel.remove_front(1);
        parcel.envelope.lost_before = sum_of(untold, 1);
        return front;
    }
    if (refused.next == Sender::kNotStaged) {
        count_up(sender.lost_untold, untold);
        sender.told_below = refused.told_below;
    } else {
        count_down(sender.lost_untold);
        count_up(run_[refused.next].envelope.lost_before, sum_of(untold, 1));
        staged_[refused.next].told_below = refused.told_below;
    }
    return front + 1;
}

}  // namespace mailslot::post
