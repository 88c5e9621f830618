// The bell of a slot, by which writers wake the reading end: docs/inbox.md section 4, "Empty".
#pragma once

#include <cstdint>

#include "inbox/layout.h"
#include "os/fd.h"

namespace mailslot::inbox {

class RecordReader;

// The reader's side: a thread sleeps on the bell, or a program polls a descriptor.
// Threads: one at a time
class Bell {
public:
    // Makes the event descriptor, which a program polls.
    // Errors: no_resources
    Result<void> open_event();
    bool is_polled() const { return static_cast<bool>(event_); }
    const os::UniqueFd& event() const { return event_; }  // none if nobody polls

    // Makes the event descriptor readable exactly if a message waits. If none waits, arms the bell
    // so that the next writer makes it readable.
    void settle_event(const RecordReader& records);

    // Arms the bell for a thread that will sleep. Returns the value on which to sleep.
    static std::uint32_t arm(Header& header);
    static void wake_sleeper(Header& header);

private:
    os::UniqueFd event_;
};

// The writer's side: disarms the bell and wakes the sleeper or poller that it was armed for. Returns
// true if the poller could not be told because there is no descriptor.
bool ring_bell(Header& header, const os::UniqueFd& event);

}  // namespace mailslot::inbox
