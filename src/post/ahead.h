// Messages of a sender that came ahead of their turn: docs/post-office.md, "Order".
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "base/clock.h"
#include "model/parcel.h"

namespace mailslot::post {

// Messages that came before lower numbers, or only the word that all lower numbers were sent.
struct Ahead {
    // When the gap below became known. Never later than `since` of the next entry in the sequence.
    Clock::Instant since{};
    std::uint64_t drops_before = 0;  // Sender::kernel_drops on arrival
    bool is_word_alone = true;
    Parcel parcel{};                  // borrows `memory`
    std::vector<std::byte> memory{};  // stays in place when moved

    std::size_t messages() const { return is_word_alone ? 0 : parcel.size(); }
};

// All entries of a sender.
struct AllAhead {
    std::map<std::uint64_t, Ahead> by_number;  // key: number of the first message
    std::size_t messages = 0, bytes = 0;       // bytes: including the cost of keeping
    Clock::Instant queued_since{};  // `since` of the first entry, as queued in WaitingRoom
    // True if the entries are the first words of a sender older than the slot: lower numbers may
    // still come.
    bool is_beginning = false;
};

}  // namespace mailslot::post
