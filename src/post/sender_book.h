// Senders that were heard, and the state of their sequence numbers: repeats and losses. Rules:
// docs/post-office.md.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "model/envelope.h"
#include "model/limits.h"
#include "post/acquaintance.h"
#include "post/ahead.h"
#include "post/counters.h"
#include "post/ring_bits.h"
#include "post/token_bucket.h"
#include "post/ways.h"
#include "wire/office_state.h"

namespace mailslot::post {

// A sender's next number, and the state of each of the kRepeatWindow numbers before that.
class SequenceWindow {
public:
    enum class Standing : std::uint8_t {
        ahead,      // next() or later: not heard of yet
        missing,    // counted as network_gap
        dropped,    // counted as kernel_drop
        timed_out,  // counted as fragment_timed_out
        evicted,    // counted as over_limit
        uncounted,  // below the first number that counts, and not arrived
        arrived,
        too_old,  // below the window: unknown
    };

    // Numbers below `first` were sent before anybody listened, so they are not missing.
    explicit SequenceWindow(std::uint64_t first) : next_(first), counted_from_(first) {}

    std::uint64_t next() const { return next_; }
    Standing standing(std::uint64_t sequence) const;

    // Moves next() up to `sequence`, because all lower numbers were sent. Returns how many become
    // missing.
    std::uint64_t advance_to(std::uint64_t sequence);
    // Marks `sequence` as arrived. Requires that `sequence` is in the window, or is next().
    void set_arrived(std::uint64_t sequence);
    // Marks `count` numbers from next() on as arrived.
    void set_next_arrived(std::uint64_t count);
    // Returns true if `count` numbers from `first` on are all in the window and have all arrived.
    bool has_arrived(std::uint64_t first, std::uint64_t count) const;
    // Notes the cause of a loss. No effect below the window, where a number is too old for ever.
    void set_given_up(std::uint64_t sequence, Loss cause);
    // Notes that the last `count` numbers below next() have just gone missing, while this machine's
    // kernel was dropping datagrams.
    void set_dropped(std::uint64_t count);
    // Makes `count` lost numbers plainly missing.
    void clear_cause(std::uint64_t first, std::uint64_t count = 1);
    // Treats all numbers below next() as arrived or lost for good, so that none is wanted.
    void close_the_past() { arrived_.set(0, kRepeatWindow); }
    // Passes the window on to the office's successor. restore() returns false if no window can look
    // like that.
    void save(wire::SenderState& state) const;
    bool restore(const wire::SenderState& state);
    // Returns true if `sequence` is a loss when it does not arrive.
    bool counts(std::uint64_t sequence) const { return sequence >= counted_from_; }

private:
    struct Causes {
        RingBits timed_out, evicted, dropped;
    };
    bool is_in_window(std::uint64_t sequence) const {
        return sequence < next_ && next_ - sequence <= kRepeatWindow;
    }

    std::uint64_t next_, counted_from_;
    RingBits arrived_;
    std::unique_ptr<Causes> causes_;  // most senders never need it
};

struct Sender;

struct ByOctets {
    bool operator()(const IpAddress& a, const IpAddress& b) const {
        return std::tie(a.family, a.octets, a.scope_id) < std::tie(b.family, b.octets, b.scope_id);
    }
};

// An address whose messages a slot has refused for want of trust. Kept by address, because anybody
// can use any name. Not a sender of the book: a stranger's claims must not touch a writer.
struct RefusedAddress {
    IpAddress address{};
    std::string host;          // as in the last message
    std::uint64_t origin = 0;  // likewise
    std::uint64_t messages = 0;
    Clock::Instant last_heard{};
};
// Bounds the memory that strangers can make a slot use. Further addresses count only in the slot's
// total.
inline constexpr std::size_t kMaxRefusedAddresses = 64;

// The last parcels that a slot refused, so that a copy by the other family or another interface
// does not count again. A whole batch of datagrams comes by one interface before the next.
class RecentlyRefused {
public:
    // Returns true if the parcel is among them, and adds the parcel otherwise.
    bool see(std::uint64_t origin, std::uint64_t sequence) {
        const std::pair parcel(origin, sequence);
        if (std::find(parcels_.begin(), parcels_.end(), parcel) != parcels_.end()) return true;
        if (parcels_.size() < kMost) {
            parcels_.push_back(parcel);
        } else {
            parcels_[next_++ % kMost] = parcel;
        }
        return false;
    }

private:
    static constexpr std::size_t kMost = 256;  // four batches; a search takes about 100 ns
    std::vector<std::pair<std::uint64_t, std::uint64_t>> parcels_;
    std::size_t next_ = 0;
};

// The books of an open slot. Times are by Clock::now_through_sleep().
struct SlotBook {
    std::string key;  // folded name
    Clock::Instant opened_at{};
    Clock::Instant forgot_until =
        Clock::Instant::min();  // when the last sender forgotten was last heard
    SlotCounters counters;
    std::map<std::uint64_t, Sender*> senders;  // by their number, in the order first heard
    std::uint64_t next_number = 0;
    Trust require = Trust::none;
    std::vector<RefusedAddress> refused;
    RecentlyRefused recently_refused;
    Order order = Order::kept;
    TokenBucket bucket;
    std::map<IpAddress, std::weak_ptr<TokenBucket>, ByOctets> buckets;  // by machine
};

struct SenderKey {
    SlotBook* slot = nullptr;
    std::uint64_t origin = 0;
    bool operator==(const SenderKey&) const = default;
};

// Strangers choose origins. The origin is mixed with an address that they do not know, so that they
// cannot fill a single bucket.
struct SenderKeyHash {
    std::size_t operator()(const SenderKey& key) const;
};

struct Sender {
    Sender(const SenderKey& its_key, std::uint64_t first) : key(its_key), window(first) {}

    static constexpr std::size_t kNotStaged = static_cast<std::size_t>(-1);

    SenderKey key;
    SequenceWindow window;
    std::shared_ptr<TokenBucket> bucket;  // the machine's; null until needed
    std::string host;
    Endpoint source{};            // of its first word
    Clock::Instant last_heard{};  // by now_through_sleep()
    Ways ways;
    Acquaintance acquaintance;
    std::unique_ptr<AllAhead> ahead;  // null until needed
    std::uint64_t number = 0;         // unique in the slot, never used again
    std::uint64_t kernel_drops = 0;   // the most that its parcels said
    std::uint64_t received = 0, repeats = 0;
    Losses lost;
    std::uint64_t lost_untold = 0, told_then_arrived = 0;
    std::uint64_t told_below = 0;     // losses of lower numbers are in some message's lost_before
    std::size_t staged = kNotStaged;  // index of the last parcel that waits for delivery

    std::list<Sender*>::iterator by_age{};  // the book's own
};

// All senders of all slots, bounded. References stay valid until the sender is removed.
class SenderBook final {
public:
    explicit SenderBook(std::size_t max_senders) : max_senders_(max_senders) {}

    Sender* find(const SenderKey& key);
    bool is_full() const { return senders_.size() >= max_senders_; }
    std::size_t size() const { return senders_.size(); }
    // Adds a sender. The key must be new, and the book must not be full.
    Sender& add(const SenderKey& key, std::uint64_t first, const Envelope& word);
    void heard(Sender& sender, Clock::Instant now);
    Sender& least_recent() { return *by_age_.front(); }  // requires at least one sender
    void remove(Sender& sender);
    void sort_by_age();  // by last_heard
    // Returns the bucket shared by all senders of that machine to that slot. Kept as long as any of
    // these senders is known.
    TokenBucket& bucket_of(Sender& sender);

private:
    std::size_t max_senders_;
    std::unordered_map<SenderKey, Sender, SenderKeyHash> senders_;
    std::list<Sender*> by_age_;  // silent for longest first
    Sender* found_ = nullptr;    // by the last find(); messages of a writer come together
};

}  // namespace mailslot::post
