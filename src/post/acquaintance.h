// How well a sender is known: how many messages it can have sent, and the sockets that it sends
// from. Rules: docs/post-office.md, "Whose word counts". Pure.
// Threads: one at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "model/envelope.h"
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

// Returns the address and port that sent the word. A writer keeps its sockets, so other users of its
// machine have other ports. A sealed word has port 0: those users cannot seal, so the address is
// enough.
inline Endpoint source_of(const Envelope& word) {
    return {word.from_address, word.trust == Trust::none ? word.from_port : std::uint16_t{0}};
}

// Sources kept of a sender besides its first; with the first, as many as kMaxWays.
inline constexpr std::size_t kMostFurtherSources = 15;
// A port of a known address becomes a source when so many messages in a row came from there, and none
// from a known source meanwhile: the writer has another socket, or is behind an address translator.
inline constexpr std::uint16_t kMessagesOfHeir = 256;
// Second senders kept of an origin. All of them are looked up whenever a word of the origin comes.
inline constexpr std::size_t kMostSeconds = 4;
// For this time after a change of offices, any source may be the sender's: the books name only the
// first.
inline constexpr std::chrono::seconds kSourcesShowFor{1};
// Longest stop of an office that is allowed for. A stopped office first reads what its sockets had
// room for, then what came after the kernel had dropped the rest. By the office's clock no time
// passes between the two.
inline constexpr std::chrono::seconds kLongestPause{60};

class Acquaintance {
public:
    // A word of a sender: the numbers of its messages, and the socket that it came from.
    struct Word {
        Endpoint source;
        std::uint64_t first = 0;
        std::uint64_t count = 0;   // messages; 0 if the word brings none
        bool after_drops = false;  // the kernel here dropped datagrams meanwhile
        Clock::Instant came_at{};  // by now_through_sleep()
    };

    // A second sender, which has a row of its own in the books.
    struct Second {
        std::uint64_t origin = 0;      // in the books
        std::uint64_t began_with = 0;  // its first number
        // Numbers below began_with that count as lost because the second sender goes on where the
        // first was.
        std::uint64_t claimed = 0;
        Clock::Instant began_at{};
    };

    bool knows(const Endpoint& source) const;
    // Returns true if a word from this source may move the sender far.
    bool trusts(const Word& word) const {
        return word.came_at <= shows_until_ || knows(word.source);
    }
    // Makes `source` a source of this sender.
    void add(const Endpoint& source);
    // Returns true if the word lies close to what known sources have brought, or in the past.
    bool is_near(std::uint64_t first) const { return first <= next_ || first - next_ <= reach(); }
    // Returns true if the sender can have sent all that is missing below the word.
    bool is_plausible(const Word& word) const;
    // Notes a near or plausible word that was taken as this sender's.
    void heard(const Word& word);
    // Continues a sender that an earlier office knew and heard last at `heard_at`.
    void restore(std::uint64_t next, Clock::Instant heard_at, Clock::Instant now);

    // Returns true if an earlier office may have taken earlier messages of this sender.
    bool is_restored() const { return shows_until_ != Clock::Instant::min(); }

    std::vector<Second>& seconds() { return seconds_; }
    const std::vector<Second>& seconds() const { return seconds_; }
    // Has no effect if the second sender is known.
    void add_second(const Second& second);

private:
    void hear_newcomer(const Word& word);
    // Distance that counts as near: the window, plus four times what came in the last moments,
    // because a whole batch from one source is read before the next source.
    std::uint64_t reach() const;

    std::uint64_t next_ = 0;  // the number after the highest that a known source brought
    Clock::Instant heard_at_{}, shows_until_ = Clock::Instant::min();
    Clock::Instant counts_since_{};
    std::uint32_t count_ = 0, count_before_ = 0;  // messages in this and the last kOrderPatience
    // The port that may become a source, the number due next from there, and the messages so far.
    std::uint16_t heir_port_ = 0, heir_messages_ = 0;
    std::uint64_t heir_next_ = 0;
    std::vector<Endpoint> sources_;
    std::vector<Second> seconds_;
};

// Returns the origin under which a second sender stands in the books, different for each source.
std::uint64_t origin_of_second(std::uint64_t origin, const Endpoint& source);

}  // namespace mailslot::post
