// How well a sender is known: what it can have sent meanwhile, and by which addresses it is heard.
// docs/post-office.md, "Whose word counts". Pure. Threads: one uses it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "model/ip_address.h"
#include "model/limits.h"

namespace mailslot::post {

// Messages of one writer: 30 ns each, half of what the fastest one took.
inline constexpr std::uint64_t kMostMessagesASecond = std::uint64_t{1} << 25;
// Ages come in milliseconds, and are those of a piece of 64 datagrams when it was begun.
inline constexpr std::uint64_t kMostMessagesAtOnce = std::uint64_t{1} << 16;
// A writer can have sent so many within that time.
std::uint64_t most_messages_within(Clock::Instant::duration time);

// Further addresses of a sender: as many as it may have ways.
inline constexpr std::size_t kMostFurtherAddresses = 15;
// Second senders of one origin that are looked for whenever a word of it comes.
inline constexpr std::size_t kMostSeconds = 4;
// After a change of offices: whichever address is heard first may be any of the sender's.
inline constexpr std::chrono::seconds kAddressesShowFor{1};
// An office that was stopped for so long reads what its sockets had room for, and then what came
// after the kernel had to drop the rest: between the two no time has passed by its clock.
inline constexpr std::chrono::seconds kLongestPause{60};

class Acquaintance {
public:
    // A word of a sender: the numbers of what it brought, and from where it came.
    struct Word {
        const IpAddress& address;
        std::uint64_t first = 0;
        std::uint64_t count = 0;   // messages; 0: word alone
        bool after_drops = false;  // this machine's kernel has dropped something meanwhile
        Clock::Instant came_at{};  // through sleep
    };

    bool knows(const IpAddress& address) const;
    // Whether a word from this address may move the sender far.
    bool trusts(const Word& word) const {
        return word.came_at <= shows_until_ || knows(word.address);
    }
    // From here on this is one of its addresses.
    void add(const IpAddress& address);
    // Whether the word goes on with what known addresses have brought, or is about the past.
    bool is_near(std::uint64_t first) const { return first <= next_ || first - next_ <= reach(); }
    // Whether the sender can have sent all that is missing below.
    bool is_plausible(const Word& word) const;
    // A near or plausible word was taken for this sender's.
    void heard(const Word& word);
    // It was known to an earlier office, which heard it last at that time.
    void restore(std::uint64_t next, Clock::Instant heard_at, Clock::Instant now);

    // Whether an earlier office may have taken what was sent before.
    bool is_restored() const { return shows_until_ != Clock::Instant::min(); }

    // Under which numbers its second senders are in the books.
    const std::vector<std::uint64_t>& seconds() const { return seconds_; }
    void add_second(std::uint64_t origin);

private:
    // The numbers that stay in the window, and what came in the last moments four times over: one
    // address is read a whole batch before the other.
    std::uint64_t reach() const;

    std::uint64_t next_ = 0;  // after the highest that a known address brought
    Clock::Instant heard_at_{}, shows_until_ = Clock::Instant::min();
    Clock::Instant counts_since_{};
    std::uint32_t count_ = 0, count_before_ = 0;  // messages in this and the last kOrderPatience
    std::vector<IpAddress> addresses_;
    std::vector<std::uint64_t> seconds_;
};

// Under which number a second sender is in the books: another one for each address.
std::uint64_t origin_of_second(std::uint64_t origin, const IpAddress& address);

}  // namespace mailslot::post
