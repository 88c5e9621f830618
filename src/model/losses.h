// The counts of losses by cause, as numbers in a row: for formats and memory that hold them so.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "mailslot/types.h"

namespace mailslot {

inline constexpr std::size_t kCauses = std::size(kLossCauses);

// A count for each cause, in the order of kLossCauses.
using LossNumbers = std::array<std::uint64_t, kCauses>;

// Names a cause by the member that counts the cause.
using Loss = std::uint64_t Losses::*;

constexpr std::size_t place_of(Loss cause) {
    std::size_t place = 0;
    while (kLossCauses[place].count != cause) ++place;
    return place;
}

// Calls `each` with a reference to each count.
template <class Lost, class F>
void for_each_loss(Lost& lost, F&& each) {
    for (const LossCause& cause : kLossCauses) each(lost.*cause.count);
}

}  // namespace mailslot
