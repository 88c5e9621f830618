#include "inbox/bell.h"

#include "base/crash_point.h"
#include "inbox/record_reader.h"
#include "os/event.h"
#include "os/failure.h"
#include "os/futex.h"

namespace mailslot::inbox {

Result<void> Bell::open_event() {
    event_ = os::make_event();
    if (!event_) return Error{Errc::no_resources, "fileno", os::last_code()};
    return {};
}

void Bell::settle_event(const RecordReader& records) {
    os::clear_event(event_);
    auto& bell = records.segment().header().bell;
    bell.fetch_or(kBellPoll, std::memory_order_seq_cst);
    if (records.nothing_waits()) return;
    bell.fetch_and(~kBellPoll, std::memory_order_seq_cst);
    os::set_event(event_);
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
    os::set_event(event);
    return false;
}

}  // namespace mailslot::inbox
