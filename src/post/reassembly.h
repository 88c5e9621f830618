// Half-arrived messages: keeps parts as they come, until all are there or time or room runs out.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "model/envelope.h"
#include "model/limits.h"
#include "post/sender_book.h"

namespace mailslot::post {

struct ReassemblyLimits {
    std::size_t bytes = kMaxReassemblyBytes;
    std::size_t bytes_per_sender = kMaxReassemblyBytesPerSender;
    std::size_t messages_per_sender = kMaxReassembliesPerSender;
    std::chrono::milliseconds timeout = kFragmentTimeout;
};

// Cost charged besides the bytes, rounded up, so that small parts cannot slip under the limits:
inline constexpr std::size_t kHalfArrivedCost = 1024;  // a message: its tables
inline constexpr std::size_t kPartCost = 128;  // a part: its node and two blocks of the allocator

// Returns true if offset, sizes and payload of a fragment fit together.
bool is_sound_fragment(const Envelope& fragment);

class Reassembly final {
public:
    enum class Outcome : std::uint8_t {
        kept,
        copy,      // the part is here already
        differs,   // contradicts the parts that are here
        complete,  // call take()
    };
    struct Key {
        SenderKey sender;
        std::uint64_t sequence = 0;
        bool operator==(const Key&) const = default;
    };

    explicit Reassembly(const ReassemblyLimits& limits) : limits_(limits) {}
    Reassembly(const Reassembly&) = delete;
    Reassembly& operator=(const Reassembly&) = delete;

    // Adds a sound fragment. Messages that had to make room, perhaps this very message, are
    // appended to `evicted`.
    Outcome add(const SenderKey& sender, const Envelope& fragment, Clock::Instant now,
                std::vector<Key>& evicted);
    // Returns the whole message, after add() returned complete. Borrows memory that the next take()
    // reuses.
    Envelope take(const SenderKey& sender, std::uint64_t sequence);
    void drop(const SenderKey& sender, std::uint64_t sequence);  // no effect if unknown
    // Drops everything kept of the sender. Returns the sequence numbers.
    std::vector<std::uint64_t> drop_all(const SenderKey& sender);
    // Drops a message that waited too long for its next part. Returns nullopt if there is none.
    std::optional<Key> take_timed_out(Clock::Instant now);
    std::optional<Clock::Instant> next_time_out() const;

    // Calls `each` with every part, for the office's successor. The message that is longest without
    // a new part comes first. The part is lent until `each` returns.
    void each_part(const std::function<void(const Key& key, Clock::Instant last_part,
                                            const Envelope& part)>& each) const;
    void sort_by_age();  // after parts were added in another order

    std::size_t messages() const { return messages_.size(); }
    std::size_t bytes() const { return bytes_; }  // with the costs above

private:
    struct Message;
    struct PerSender {
        std::size_t bytes = 0;
        std::list<Message*> messages;  // longest without a new part first
    };
    struct Message {
        Key key;
        Envelope head;  // views point to the strings below
        std::string slot, from_host, to;
        std::map<std::uint32_t, std::vector<std::byte>> parts;
        std::size_t charge = 0;
        Clock::Instant last_part{};
        PerSender* of_sender = nullptr;
        std::list<Message*>::iterator place_of_sender{};
    };
    struct KeyHash {
        std::size_t operator()(const Key& key) const;
    };
    using Place = std::list<Message>::iterator;

    Place find(const Key& key);  // messages_.end() if not here
    Place begin(const Key& key, const Envelope& fragment);
    void keep(Place message, const Envelope& fragment, Clock::Instant now);
    bool is_over(const PerSender& kept) const;
    void make_room(const SenderKey& sender, std::vector<Key>& evicted);
    void charge(Place message, std::size_t bytes);
    void detach(Place message);
    void remove(Place message);

    ReassemblyLimits limits_;
    std::size_t bytes_ = 0;
    std::list<Message> messages_;     // longest without a new part first
    Place latest_ = messages_.end();  // looked at first, because parts mostly come in a row
    std::unordered_map<Key, Place, KeyHash> by_key_;
    std::unordered_map<SenderKey, PerSender, SenderKeyHash> by_sender_;
    std::list<Message> taken_;         // at most one message; owns the strings of take()'s result
    std::vector<std::byte> together_;  // payload of take()'s result
};

}  // namespace mailslot::post
