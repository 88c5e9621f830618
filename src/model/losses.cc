#include "model/losses.h"

#include "base/saturating.h"

namespace mailslot {

std::uint64_t Losses::total() const {
    std::uint64_t sum = 0;
    for_each_loss(*this, [&sum](std::uint64_t count) { count_up(sum, count); });
    return sum;
}

}  // namespace mailslot
