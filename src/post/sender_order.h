// Chooses, among many senders, those that should be shown first.
#pragma once

#include <tuple>

#include "mailslot/slot_info.h"

namespace mailslot {

// Orders senders by losses, then by messages received, both descending. Both counts only grow, so
// the order is stable for a while.
inline bool tells_more(const SenderInfo& a, const SenderInfo& b) {
    return std::tuple(a.lost.total(), a.received, a.origin) >
           std::tuple(b.lost.total(), b.received, b.origin);
}

}  // namespace mailslot
