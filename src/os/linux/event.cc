#include "os/event.h"

#include <sys/eventfd.h>

namespace mailslot::os {

UniqueFd make_event() { return UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

// Fails only if the counter is at its maximum, and the event set already.
void set_event(const UniqueFd& event) { eventfd_write(event.number(), 1); }

void clear_event(const UniqueFd& event) {
    eventfd_t drained = 0;
    eventfd_read(event.number(), &drained);  // fails if the event is not set
}

}  // namespace mailslot::os
