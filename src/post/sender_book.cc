#include "post/sender_book.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace mailslot::post {

namespace {

using Bits = std::bitset<kRepeatWindow>;

wire::WindowBits to_words(const Bits& bits) {
    static const Bits kWord(~std::uint64_t{0});
    wire::WindowBits words;
    for (std::size_t i = 0; i < words.size(); ++i) {
        words[i] = ((bits >> (64 * i)) & kWord).to_ullong();
    }
    return words;
}

Bits to_bits(const wire::WindowBits& words) {
    Bits bits;
    for (std::size_t i = words.size(); i-- > 0;) bits = (bits << 64) | Bits(words[i]);
    return bits;
}

}  // namespace

SequenceWindow::Standing SequenceWindow::standing(std::uint64_t sequence) const {
    if (sequence >= next_) return Standing::ahead;
    if (!is_in_window(sequence)) return Standing::too_old;
    const std::size_t bit = sequence % kRepeatWindow;
    if (arrived_[bit]) return Standing::arrived;
    if (causes_ && causes_->timed_out[bit]) return Standing::timed_out;
    if (causes_ && causes_->evicted[bit]) return Standing::evicted;
    if (causes_ && causes_->dropped[bit]) return Standing::dropped;
    return counts(sequence) ? Standing::missing : Standing::uncounted;
}

std::uint64_t SequenceWindow::advance_to(std::uint64_t sequence) {
    if (sequence <= next_) return 0;
    const std::uint64_t gap = sequence - next_;
    if (gap >= kRepeatWindow) {
        arrived_.reset();
        causes_.reset();
    }
    // The bits of the numbers that leave the window serve those that come in.
    for (std::uint64_t entering = sequence - std::min(gap, kRepeatWindow); entering < sequence;
         ++entering) {
        arrived_.reset(entering % kRepeatWindow);
        clear_cause(entering);
    }
    next_ = sequence;
    return gap;
}

void SequenceWindow::set_arrived(std::uint64_t sequence) {
    if (sequence == next_) advance_to(sequence + 1);
    MAILSLOT_CHECK(is_in_window(sequence));
    const std::size_t bit = sequence % kRepeatWindow;
    clear_cause(sequence);
    arrived_.set(bit);
}

void SequenceWindow::set_next_arrived(std::uint64_t count) {
    // Of more than the window holds, the last ones stay.
    for (std::uint64_t number = next_ + count - std::min(count, kRepeatWindow);
         number < next_ + count; ++number) {
        arrived_.set(number % kRepeatWindow);
        clear_cause(number);
    }
    next_ += count;
}

bool SequenceWindow::has_arrived(std::uint64_t first, std::uint64_t count) const {
    if (!is_in_window(first) || count > next_ - first) return false;
    for (std::uint64_t number = first; number < first + count; ++number) {
        if (!arrived_[number % kRepeatWindow]) return false;
    }
    return true;
}

void SequenceWindow::clear_cause(std::uint64_t sequence) {
    if (!causes_) return;
    causes_->timed_out.reset(sequence % kRepeatWindow);
    causes_->evicted.reset(sequence % kRepeatWindow);
    causes_->dropped.reset(sequence % kRepeatWindow);
}

void SequenceWindow::set_dropped(std::uint64_t count) {
    if (!causes_) causes_ = std::make_unique<Causes>();
    for (std::uint64_t back = 1; back <= std::min(count, kRepeatWindow); ++back) {
        causes_->dropped.set((next_ - back) % kRepeatWindow);
    }
}

void SequenceWindow::set_given_up(std::uint64_t sequence, Loss cause) {
    if (!is_in_window(sequence)) return;
    if (!causes_) causes_ = std::make_unique<Causes>();
    const std::size_t bit = sequence % kRepeatWindow;
    (cause == Loss::over_limit ? causes_->evicted : causes_->timed_out).set(bit);
}

void SequenceWindow::save(wire::SenderState& state) const {
    state.next = next_;
    state.counted_from = counted_from_;
    state.arrived = to_words(arrived_);
    if (causes_) {
        state.causes = {to_words(causes_->timed_out), to_words(causes_->evicted),
                        to_words(causes_->dropped)};
    }
}

bool SequenceWindow::restore(const wire::SenderState& state) {
    if (state.next == 0 || state.next > kMaxSequence + 1 || state.counted_from > state.next) {
        return false;
    }
    next_ = state.next;
    counted_from_ = state.counted_from;
    arrived_ = to_bits(state.arrived);
    if (state.causes) {
        causes_ = std::make_unique<Causes>();
        causes_->timed_out = to_bits(state.causes->timed_out);
        causes_->evicted = to_bits(state.causes->evicted);
        causes_->dropped = to_bits(state.causes->dropped);
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
    const SenderKey key = sender.key;  // a reference into what is erased would not do
    senders_.erase(key);
}

}  // namespace mailslot::post
