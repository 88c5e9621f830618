#include "post/sender_book.h"

#include <bit>

#include "base/check.h"

namespace mailslot::post {

SequenceWindow::Standing SequenceWindow::standing(std::uint64_t sequence) const {
    if (sequence >= next_) return Standing::ahead;
    if (!is_in_window(sequence)) return Standing::too_old;
    if (arrived_[sequence]) return Standing::arrived;
    if (causes_ && causes_->timed_out[sequence]) return Standing::timed_out;
    if (causes_ && causes_->evicted[sequence]) return Standing::evicted;
    if (causes_ && causes_->dropped[sequence]) return Standing::dropped;
    return counts(sequence) ? Standing::missing : Standing::uncounted;
}

std::uint64_t SequenceWindow::advance_to(std::uint64_t sequence) {
    if (sequence <= next_) return 0;
    const std::uint64_t gap = sequence - next_;
    if (gap >= kRepeatWindow) causes_.reset();
    // Numbers that come into the window use the bits of the numbers that leave.
    arrived_.reset(next_, gap);
    clear_cause(next_, gap);
    next_ = sequence;
    return gap;
}

void SequenceWindow::set_arrived(std::uint64_t sequence) {
    if (sequence == next_) advance_to(sequence + 1);
    MAILSLOT_CHECK(is_in_window(sequence));
    clear_cause(sequence);
    arrived_.set(sequence);
}

void SequenceWindow::set_next_arrived(std::uint64_t count) {
    arrived_.set(next_, count);
    clear_cause(next_, count);
    next_ += count;
}

bool SequenceWindow::has_arrived(std::uint64_t first, std::uint64_t count) const {
    return is_in_window(first) && count <= next_ - first && arrived_.has_all(first, count);
}

void SequenceWindow::clear_cause(std::uint64_t first, std::uint64_t count) {
    if (!causes_) return;
    causes_->timed_out.reset(first, count);
    causes_->evicted.reset(first, count);
    causes_->dropped.reset(first, count);
}

void SequenceWindow::set_dropped(std::uint64_t count) {
    if (!causes_) causes_ = std::make_unique<Causes>();
    causes_->dropped.set(next_ - count, count);
}

void SequenceWindow::set_given_up(std::uint64_t sequence, Loss cause) {
    if (!is_in_window(sequence)) return;
    if (!causes_) causes_ = std::make_unique<Causes>();
    (cause == &Losses::over_limit ? causes_->evicted : causes_->timed_out).set(sequence);
}

void SequenceWindow::save(wire::SenderState& state) const {
    state.next = next_;
    state.counted_from = counted_from_;
    state.arrived = arrived_.words();
    if (causes_) {
        state.causes = {causes_->timed_out.words(), causes_->evicted.words(),
                        causes_->dropped.words()};
    }
}

bool SequenceWindow::restore(const wire::SenderState& state) {
    if (state.next == 0 || state.next > kMaxSequence + 1 || state.counted_from > state.next) {
        return false;
    }
    next_ = state.next;
    counted_from_ = state.counted_from;
    arrived_ = RingBits(state.arrived);
    if (state.causes) {
        causes_ = std::make_unique<Causes>();
        causes_->timed_out = RingBits(state.causes->timed_out);
        causes_->evicted = RingBits(state.causes->evicted);
        causes_->dropped = RingBits(state.causes->dropped);
    }
    return true;
}

std::size_t SenderKeyHash::operator()(const SenderKey& key) const {
    std::uint64_t mixed = key.origin ^ std::rotl(std::bit_cast<std::uint64_t>(key.slot), 29);
    mixed = (mixed ^ (mixed >> 33)) *
            0xff51afd7ed558ccdULL;  // the finalizer of MurmurHash3 (public domain)
    mixed = (mixed ^ (mixed >> 33)) * 0xc4ceb9fe1a85ec53ULL;
    return mixed ^ (mixed >> 33);
}

Sender* SenderBook::find(const SenderKey& key) {
    if (found_ != nullptr && found_->key == key) return found_;
    const auto found = senders_.find(key);
    found_ = found == senders_.end() ? nullptr : &found->second;
    return found_;
}

Sender& SenderBook::add(const SenderKey& key, std::uint64_t first, const Envelope& word) {
    MAILSLOT_CHECK(!is_full());
    const auto [entry, is_new] = senders_.try_emplace(key, key, first);
    MAILSLOT_CHECK(is_new);
    Sender& sender = entry->second;
    sender.told_below = first;
    sender.host = word.from_host;
    sender.address = word.from_address;
    sender.by_age = by_age_.insert(by_age_.end(), &sender);
    sender.number = key.slot->next_number++;
    key.slot->senders.emplace_hint(key.slot->senders.end(), sender.number, &sender);
    return sender;
}

void SenderBook::heard(Sender& sender, Clock::Instant now) {
    sender.last_heard = now;
    by_age_.splice(by_age_.end(), by_age_, sender.by_age);
}

void SenderBook::sort_by_age() {
    by_age_.sort([](const Sender* a, const Sender* b) { return a->last_heard < b->last_heard; });
}

TokenBucket& SenderBook::bucket_of(Sender& sender) {
    if (!sender.bucket) {
        std::weak_ptr<TokenBucket>& place = sender.key.slot->buckets[sender.address];
        sender.bucket = place.lock();
        if (!sender.bucket) place = sender.bucket = std::make_shared<TokenBucket>();
    }
    return *sender.bucket;
}

void SenderBook::remove(Sender& sender) {
    found_ = nullptr;
    by_age_.erase(sender.by_age);
    sender.key.slot->senders.erase(sender.number);
    if (sender.bucket && sender.bucket.use_count() == 1) {
        sender.key.slot->buckets.erase(sender.address);
    }
    const SenderKey key = sender.key;  // a copy, because erase() destroys the sender's key
    senders_.erase(key);
}

}  // namespace mailslot::post
