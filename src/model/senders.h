// Of many senders, which are worth a look first.
#pragma once

#include <tuple>

#include "mailslot/mailslot.h"

namespace mailslot {

// Those that lost most, and of those that lost nothing, those that sent most. Both only grow, so
// whoever comes first does for a while.
inline bool tells_more(const SenderInfo& a, const SenderInfo& b) {
    return std::tuple(a.lost.total(), a.received, a.origin) >
           std::tuple(b.lost.total(), b.received, b.origin);
}

}  // namespace mailslot
