#include "post/reassembly.h"

#include <algorithm>

#include "base/check.h"

namespace mailslot::post {
namespace {

std::uint32_t part_number(const Envelope& fragment) {
    return fragment.offset / fragment.chunk_bytes;
}

std::size_t part_count(const Envelope& fragment) {
    return (std::size_t{fragment.total_bytes} + fragment.chunk_bytes - 1) / fragment.chunk_bytes;
}

// Parts of different trust are never mixed, so that a stranger cannot get bytes into a sealed
// message.
bool is_same_message(const Envelope& a, const Envelope& b) {
    return a.total_bytes == b.total_bytes && a.chunk_bytes == b.chunk_bytes &&
           a.format == b.format && a.trust == b.trust;
}

}  // namespace

bool is_sound_fragment(const Envelope& fragment) {
    if (fragment.chunk_bytes == 0 || fragment.offset % fragment.chunk_bytes != 0) return false;
    if (fragment.total_bytes > kMaxNetworkMessageBytes) return false;
    if (fragment.offset >= fragment.total_bytes) return false;
    const std::uint32_t left = fragment.total_bytes - fragment.offset;
    return fragment.payload.size() == std::min<std::uint32_t>(left, fragment.chunk_bytes);
}

std::size_t Reassembly::KeyHash::operator()(const Key& key) const {
    return SenderKeyHash{}(
        {key.sender.slot, key.sender.origin ^ (key.sequence * 0x9e3779b97f4a7c15ULL)});
}

Reassembly::Outcome Reassembly::add(const SenderKey& sender, const Envelope& fragment,
                                    Clock::Instant now, std::vector<Key>& evicted) {
    const Key key{sender, fragment.sequence};
    const Place found = find(key);
    const bool is_first = found == messages_.end();
    if (!is_first && !is_same_message(found->head, fragment)) return Outcome::differs;
    if (!is_first && found->parts.contains(part_number(fragment))) return Outcome::copy;

    const Place message = is_first ? begin(key, fragment) : found;
    keep(message, fragment, now);
    if (message->parts.size() == part_count(fragment)) return Outcome::complete;
    if (is_over(*message->of_sender) || bytes_ > limits_.bytes) make_room(sender, evicted);
    return Outcome::kept;
}

Reassembly::Place Reassembly::find(const Key& key) {
    if (latest_ == messages_.end() || latest_->key != key) {
        const auto found = by_key_.find(key);
        if (found == by_key_.end()) return messages_.end();
        latest_ = found->second;
    }
    return latest_;
}

Reassembly::Place Reassembly::begin(const Key& key, const Envelope& fragment) {
    Message& message = messages_.emplace_back();
    const Place place = std::prev(messages_.end());
    message.key = key;
    message.slot = fragment.slot;
    message.from_host = fragment.from_host;
    message.to = fragment.to;
    message.head = fragment;
    message.head.slot = message.slot;
    message.head.from_host = message.from_host;
    message.head.domain = {};  // checked already, not kept
    message.head.to = message.to;
    message.head.payload = {};
    by_key_.emplace(key, place);
    latest_ = place;
    message.of_sender = &by_sender_[key.sender];
    std::list<Message*>& its = message.of_sender->messages;
    message.place_of_sender = its.insert(its.end(), &message);
    charge(place,
           kHalfArrivedCost + message.slot.size() + message.from_host.size() + message.to.size());
    return place;
}

void Reassembly::keep(Place message, const Envelope& fragment, Clock::Instant now) {
    message->parts.emplace(part_number(fragment), std::vector<std::byte>(fragment.payload.begin(),
                                                                         fragment.payload.end()));
    message->last_part = now;
    charge(message, kPartCost + fragment.payload.size());
    messages_.splice(messages_.end(), messages_, message);
    std::list<Message*>& its = message->of_sender->messages;
    its.splice(its.end(), its, message->place_of_sender);
}

bool Reassembly::is_over(const PerSender& kept) const {
    return kept.bytes > limits_.bytes_per_sender ||
           kept.messages.size() > limits_.messages_per_sender;
}

void Reassembly::make_room(const SenderKey& sender, std::vector<Key>& evicted) {
    for (auto own = by_sender_.find(sender); own != by_sender_.end();
         own = by_sender_.find(sender)) {
        if (!is_over(own->second)) break;
        const Key key = own->second.messages.front()->key;
        evicted.push_back(key);
        remove(by_key_.at(key));
    }
    while (bytes_ > limits_.bytes) {
        evicted.push_back(messages_.front().key);
        remove(messages_.begin());
    }
}

void Reassembly::charge(Place message, std::size_t bytes) {
    message->charge += bytes;
    message->of_sender->bytes += bytes;
    bytes_ += bytes;
}

// Removes the message from all tables, but leaves the message in the list.
void Reassembly::detach(Place message) {
    if (latest_ == message) latest_ = messages_.end();
    PerSender& own = *message->of_sender;
    own.messages.erase(message->place_of_sender);
    own.bytes -= message->charge;
    if (own.messages.empty()) by_sender_.erase(message->key.sender);
    bytes_ -= message->charge;
    by_key_.erase(message->key);
}

void Reassembly::remove(Place message) {
    detach(message);
    messages_.erase(message);
}

Envelope Reassembly::take(const SenderKey& sender, std::uint64_t sequence) {
    const Place message = find({sender, sequence});
    MAILSLOT_CHECK(message != messages_.end());
    detach(message);
    taken_.clear();
    // The node moves as a whole, so the strings that its envelope points to stay in place.
    taken_.splice(taken_.end(), messages_, message);

    together_.clear();
    together_.reserve(message->head.total_bytes);  // all of these bytes have come
    for (const auto& [number, part] : message->parts) {
        together_.insert(together_.end(), part.begin(), part.end());
    }
    message->parts.clear();
    Envelope whole = message->head;
    whole.kind = Kind::message;
    whole.payload = together_;
    whole.offset = whole.total_bytes = 0;
    whole.chunk_bytes = 0;
    return whole;
}

void Reassembly::drop(const SenderKey& sender, std::uint64_t sequence) {
    const auto found = by_key_.find({sender, sequence});
    if (found != by_key_.end()) remove(found->second);
}

void Reassembly::each_part(
    const std::function<void(const Key&, Clock::Instant, const Envelope&)>& each) const {
    for (const Message& message : messages_) {
        Envelope part = message.head;
        for (const auto& [number, bytes] : message.parts) {
            part.offset = number * part.chunk_bytes;
            part.payload = bytes;
            each(message.key, message.last_part, part);
        }
    }
}

void Reassembly::sort_by_age() {
    messages_.sort([](const Message& a, const Message& b) { return a.last_part < b.last_part; });
}

std::vector<std::uint64_t> Reassembly::drop_all(const SenderKey& sender) {
    std::vector<std::uint64_t> dropped;
    for (auto own = by_sender_.find(sender); own != by_sender_.end();
         own = by_sender_.find(sender)) {
        const Key key = own->second.messages.front()->key;
        dropped.push_back(key.sequence);
        remove(by_key_.at(key));
    }
    return dropped;
}

std::optional<Reassembly::Key> Reassembly::take_timed_out(Clock::Instant now) {
    const std::optional<Clock::Instant> due = next_time_out();
    if (!due || *due > now) return std::nullopt;
    const Key key = messages_.front().key;
    remove(messages_.begin());
    return key;
}

std::optional<Clock::Instant> Reassembly::next_time_out() const {
    if (messages_.empty()) return std::nullopt;
    return messages_.front().last_part + limits_.timeout;
}

}  // namespace mailslot::post
