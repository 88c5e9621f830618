// Counters of both halves of the carrier; written by the sending or receiving thread, read by any
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
    Count tx_datagrams{0}, tx_failed{0};
};

}  // namespace mailslot
