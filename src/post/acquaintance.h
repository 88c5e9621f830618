// How well a sender is known: how many messages it can have sent, and the addresses that it sends
// from. Rules: docs/post-office.md, "Whose word counts". Pure.
// Threads: one at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "model/ip_address.h"
#include "model/limits.h"

namespace mailslot::post {

// Upper bound for a writer: 30 ns a message, half of what the fastest measured writer took.
inline constexpr std::uint64_t kMostMessagesASecond = std::uint64_t{1} << 25;
// Allowance on top of the rate. Ages come in whole milliseconds, and are taken when a piece of up
// to 64 datagrams is begun.
inline constexpr std::uint64_t kMostMessagesAtOnce = std::uint64_t{1} << 16;
// Returns the most messages that a writer can have sent within `time`.
std::uint64_t most_messages_within(Clock::Instant::duration time);

// Addresses kept of a sender besides its first; with the first, as many as kMaxWays.
inline constexpr std::size_t kMostFurtherAddresses = 15;
// Second senders kept of an origin. All of them are looked up whenever a word of the origin comes.
inline constexpr std::size_t kMostSeconds = 4;
// For this time after a change of offices, any address may be the sender's: the books name only the
// first.
inline constexpr std::chrono::seconds kAddressesShowFor{1};
// Longest stop of an office that is allowed for. A stopped office first reads what its sockets had
// room for, then what came after the kernel had dropped the rest. By the office's clock no time
// passes between the two.
inline constexpr std::chrono::seconds kLongestPause{60};

class Acquaintance {
public:
    // A word of a sender: the numbers of its messages, and the address that it came from.
    struct Word {
        const IpAddress& address;
        std::uint64_t first = 0;
        std::uint64_t count = 0;   // messages; 0 if the word brings none
        bool after_drops = false;  // the kernel here dropped datagrams meanwhile
        Clock::Instant came_at{};  // by now_through_sleep()
    };

    bool knows(const IpAddress& address) const;
    // Returns true if a word from this address may move the sender far.
    bool trusts(const Word& word) const {
        return word.came_at <= shows_until_ || knows(word.address);
    }
    // Makes `address` an address of this sender.
    void add(const IpAddress& address);
    // Returns true if the word lies close to what known addresses have brought, or in the past.
    bool is_near(std::uint64_t first) const { return first <= next_ || first - next_ <= reach(); }
    // Returns true if the sender can have sent all that is missing below the word.
    bool is_plausible(const Word& word) const;
    // Notes a near or plausible word that was taken as this sender's.
    void heard(const Word& word);
    // Continues a sender that an earlier office knew and heard last at `heard_at`.
    void restore(std::uint64_t next, Clock::Instant heard_at, Clock::Instant now);

    // Returns true if an earlier office may have taken earlier messages of this sender.
    bool is_restored() const { return shows_until_ != Clock::Instant::min(); }

    // Origins under which the second senders stand in the books.
    const std::vector<std::uint64_t>& seconds() const { return seconds_; }
    void add_second(std::uint64_t origin);

private:
    // Distance that counts as near: the window, plus four times what came in the last moments,
    // because a whole batch from one address is read before the next address.
    std::uint64_t reach() const;

    std::uint64_t next_ = 0;  // the number after the highest that a known address brought
    Clock::Instant heard_at_{}, shows_until_ = Clock::Instant::min();
    Clock::Instant counts_since_{};
    std::uint32_t count_ = 0, count_before_ = 0;  // messages in this and the last kOrderPatience
    std::vector<IpAddress> addresses_;
    std::vector<std::uint64_t> seconds_;
};

// Returns the origin under which a second sender stands in the books, different for each address.
std::uint64_t origin_of_second(std::uint64_t origin, const IpAddress& address);

}  // namespace mailslot::post
