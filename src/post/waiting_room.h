// Keeps messages that came ahead of their turn, bounded in time and bytes: docs/post-office.md,
// "Order". Pure.
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "base/clock.h"
#include "post/sender_book.h"

namespace mailslot::post {

// Bounds for a sender, as for half-arrived messages: a socket is read 256 KiB at a time, and the
// other family's socket after that. In all, half as much as for half-arrived messages, because few
// senders have a gap at the same time.
inline constexpr std::size_t kMostAheadBytes = 4 * 1024 * 1024;
inline constexpr std::size_t kMostAheadMessages = 16384;
inline constexpr std::size_t kMostAheadBytesInAll = 32 * 1024 * 1024;
// Cost of keeping a parcel besides its bytes, rounded up: a node, and two blocks.
inline constexpr std::size_t kAheadCost = 512;

class WaitingRoom final {
public:
    bool is_empty() const { return by_age_.empty(); }
    // Returns true if all of these messages wait already.
    static bool has(const Sender& sender, std::uint64_t first, std::size_t count);
    // Keeps a copy of messages, or only the word that all lower numbers were sent.
    void keep(Sender& sender, const Parcel& messages, Clock::Instant now,
              std::uint64_t drops_before);
    void keep_word(Sender& sender, std::uint64_t sequence, Clock::Instant now,
                   std::uint64_t drops_before);
    // Takes the sender's first entry, which must exist.
    Ahead take_first(Sender& sender);
    // Drops all entries of the sender. Returns how many messages they held.
    std::size_t drop_all(Sender& sender);

    static bool is_over(const Sender& sender);
    bool is_over_in_all() const { return bytes_ > kMostAheadBytesInAll; }
    // Returns the sender whose first entry waits longest. Requires that the room is not empty.
    Sender& longest() const { return *by_age_.begin()->second; }
    std::optional<Clock::Instant> next_time_out() const;

private:
    Ahead& place(Sender& sender, std::uint64_t sequence, Clock::Instant now,
                 std::uint64_t drops_before);
    void uncount(AllAhead& all, const Ahead& ahead);
    void queue(Sender& sender);

    std::size_t bytes_ = 0;
    std::set<std::pair<Clock::Instant, Sender*>> by_age_;  // by `since` of the first entry
};

}  // namespace mailslot::post
