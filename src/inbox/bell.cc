#include "inbox/bell.h"

#include <sys/eventfd.h>

#include <cerrno>

#include "base/crash_point.h"
#include "inbox/record_reader.h"
#include "os/futex.h"

namespace mailslot::inbox {

Result<void> Bell::open_event() {
    event_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!event_) return Error{Errc::no_resources, "fileno", errno};
    return {};
}

void Bell::settle_event(const RecordReader& records) {
    eventfd_t drained = 0;
    eventfd_read(event_.get(), &drained);  // fails if there is nothing to drain
    auto& bell = records.segment().header().bell;
    bell.fetch_or(kBellPoll, std::memory_order_seq_cst);
    if (records.nothing_waits()) return;
    bell.fetch_and(~kBellPoll, std::memory_order_seq_cst);
    eventfd_write(event_.get(), 1);
}

std::uint32_t Bell::arm(Header& header) {
    return header.bell.fetch_or(kBellSleeper, std::memory_order_seq_cst) | kBellSleeper;
}

void Bell::wake_sleeper(Header& header) {
    header.bell.fetch_and(~kBellSleeper, std::memory_order_seq_cst);
    os::futex_wake_all(header.bell);
}

bool ring_bell(Header& header, const os::UniqueFd& event) {
    const std::uint32_t armed = header.bell.exchange(0, std::memory_order_seq_cst);
    MAILSLOT_CRASH_POINT(bell_taken);
    if ((armed & kBellSleeper) != 0) os::futex_wake_all(header.bell);
    if ((armed & kBellPoll) == 0) return false;
    if (!event) return true;
    // Fails only if the counter is at its maximum, and the descriptor readable already.
    eventfd_write(event.get(), 1);
    return false;
}

}  // namespace mailslot::inbox
