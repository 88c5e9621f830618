// Fast path of a get, in a single function: a message waits in the block at hand, and no thread
// waits or polls. docs/inbox.md section 4 says why it is correct.
#pragma once

#include <mutex>

#include "inbox/inbox.h"
#include "inbox/take_now.h"

namespace mailslot::inbox {

template <class Use>
[[gnu::always_inline]] inline bool Inbox::get_now(std::string& payload, const Use& use) {
    bool is_long = false;
    {
        std::lock_guard lock(mutex_);
        if (!line_.is_empty() || !end_.take_now(payload)) [[unlikely]]
            return false;
        is_long = gathering_.is_due();
        use(end_.records.last());
    }
    if (is_long) [[unlikely]]
        let_some_come();
    return true;
}

}  // namespace mailslot::inbox
