// Fast path of InboxWriter::put, for a single message, in a single function.
#pragma once

#include "base/crash_point.h"
#include "inbox/append_now.h"
#include "inbox/inbox_writer.h"

namespace mailslot::inbox {

inline void InboxWriter::ring() {
    if (header().bell.load(std::memory_order_seq_cst) != 0) [[unlikely]]
        ring_slowly();
}

template <class Now>
[[gnu::always_inline]] inline bool InboxWriter::put_now(Item& item, const Now& now) {
    if (lock_.reader_is_gone() || !lock_.try_lock()) [[unlikely]]
        return false;
    MAILSLOT_CRASH_POINT(locked);
    const bool is_put = records_.append_now(item, now);
    lock_.unlock();  // before ring() looks at the bell, the commit is visible: both are seq_cst
    MAILSLOT_CRASH_POINT(before_bell);
    if (is_put) [[likely]]
        ring();
    return is_put;
}

}  // namespace mailslot::inbox
