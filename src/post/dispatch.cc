#include "post/dispatch.h"

#include <span>
#include <utility>

#include "base/check.h"
#include "base/saturating.h"

namespace mailslot::post {
namespace {

// A refusal for want of memory, or because another writer of the slot is stopped, counts as a limit.
Loss cause_of(Errc why) {
    return why == Errc::slot_full         ? &Losses::slot_full
           : why == Errc::message_too_big ? &Losses::message_too_big
                                          : &Losses::over_limit;
}

}  // namespace

void Dispatch::gather(Sender& sender, Parcel parcel) {
    if (rates_.of_sender == 0 && rates_.of_slot == 0) return stage(sender, parcel);
    const std::uint64_t taken = within_limits(sender, parcel.size());
    const std::uint64_t over = parcel.size() - taken;
    if (taken > 0) {
        if (over > 0) parcel.contents = parcel.contents.first(taken);
        stage(sender, parcel);
    }
    if (over > 0) ledger_.count_loss(sender, &Losses::over_limit, over);
}

// Returns how many messages the limits allow. A machine over its own limit takes nothing of the
// slot's.
std::uint64_t Dispatch::within_limits(Sender& sender, std::uint64_t wanted) {
    const Clock::Instant now = books_.now.awake;
    TokenBucket* const own = rates_.of_sender > 0 ? &books_.senders.bucket_of(sender) : nullptr;
    const std::uint64_t of_sender =
        own != nullptr ? own->take(wanted, rates_.of_sender, now) : wanted;
    if (rates_.of_slot == 0) return of_sender;
    const std::uint64_t taken = sender.key.slot->bucket.take(of_sender, rates_.of_slot, now);
    if (own != nullptr) own->give_back(of_sender - taken);
    return taken;
}

void Dispatch::stage(Sender& sender, const Parcel& parcel) {
    const std::size_t index = parcels_.size();
    slot_ = sender.key.slot;
    parcels_.push_back(parcel);
    parcels_.back().envelope.lost_before = std::exchange(sender.lost_untold, 0);
    staged_.push_back({&sender, std::exchange(sender.told_below, sender.window.next())});
    if (sender.staged != Sender::kNotStaged) staged_[sender.staged].next = index;
    sender.staged = index;
}

void Dispatch::put_all() {
    for (std::size_t front = 0; front < parcels_.size();) {
        const Result<std::size_t> taken =
            slots_.put(slot_->key, std::span(parcels_).subspan(front));
        if (taken && *taken > 0) {
            front = settle_taken(front, *taken);
            continue;
        }
        const Errc why = taken ? Errc::no_permission : taken.error().code;
        if (why == Errc::no_such_slot) {
            close_slot(front);
            break;
        }
        front = settle_refused(front, cause_of(why));
    }
    for (const Staged& staged : staged_) staged.sender->staged = Sender::kNotStaged;
    parcels_.clear();
    staged_.clear();
    kept_.clear();
    slot_ = nullptr;
}

// The slot's reader has gone. If the slot answers again, it starts with clean books.
void Dispatch::close_slot(std::size_t front) {
    books_.counters.no_such_slot += messages_from(front);
    books_.clear(*slot_);
    slot_->opened_at = books_.now.through_sleep;
    staged_.clear();
}

std::size_t Dispatch::messages_from(std::size_t front) const {
    std::size_t count = 0;
    for (; front < parcels_.size(); ++front) count += parcels_[front].size();
    return count;
}

// Returns the new front.
std::size_t Dispatch::settle_taken(std::size_t front, std::size_t count) {
    slot_->counters.received += count;
    books_.counters.delivered += count;
    for (; count > 0; ++front) {
        MAILSLOT_CHECK(front < parcels_.size());
        Parcel& parcel = parcels_[front];
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
// parcel or here, reports that loss, and the losses that the refused message would have reported.
// Returns the new front.
std::size_t Dispatch::settle_refused(std::size_t front, Loss cause) {
    const Staged& refused = staged_[front];
    Parcel& parcel = parcels_[front];
    Sender& sender = *refused.sender;
    const std::uint64_t untold = parcel.envelope.lost_before;
    ledger_.count_loss(sender, cause, 1);
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
        count_up(parcels_[refused.next].envelope.lost_before, sum_of(untold, 1));
        staged_[refused.next].told_below = refused.told_below;
    }
    return front + 1;
}

}  // namespace mailslot::post
