// What came ahead of its turn of one sender: docs/post-office.md, "Order".
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "base/clock.h"
#include "model/parcel.h"

namespace mailslot::post {

// Messages that came before others of lower numbers, or word alone that all lower ones were sent.
struct Ahead {
    // Since when the gap below is known. Never later than that of the next one in the sequence.
    Clock::Instant since{};
    std::uint64_t drops_before = 0;  // Sender::kernel_drops when it came
    bool is_word_alone = true;
    Parcel parcel{};                  // borrows `memory`
    std::vector<std::byte> memory{};  // a move leaves it in its place

    std::size_t messages() const { return is_word_alone ? 0 : parcel.size(); }
};

// All of one sender.
struct AllAhead {
    std::map<std::uint64_t, Ahead> by_number;  // of the first message
    std::size_t messages = 0, bytes = 0;       // with what keeping them costs
    Clock::Instant queued_since{};  // the first one's, as WaitingRoom has it in its queue
    // These are the first words of a sender that was there before the slot: earlier ones may come.
    bool is_beginning = false;
};

}  // namespace mailslot::post
