// Counters of the receiving half of the carrier. Written by the receiving thread, read by any
// thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace mailslot {

struct UdpCounters {
    using Count = std::atomic<std::uint64_t>;
    Count rx_datagrams{0}, rx_bad_packet{0}, rx_unknown_version{0}, rx_sealed{0};
    Count rx_sealed_copies{0}, rx_not_trusted{0}, rx_wrong_time{0};
    Count rx_other_interface{0}, deaf_interfaces{0};
    Count answers{0}, answers_failed{0};
};

}  // namespace mailslot
