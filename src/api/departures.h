// Counts how messages left this machine, for commands that report it.
#pragma once

#include <cstdint>
#include <vector>

#include "carrier/carrier.h"
#include "os/fork_mutex.h"

namespace mailslot {

struct Departures {
    std::uint64_t messages_lost = 0;  // sent on no way; readers count them as gaps
    std::vector<WayInfo> ways{};
};

// Sum of the departures of all closed writers. Threads: any.
class DepartureBook {
public:
    void add(const Departures& more);
    Departures sum() const;

private:
    mutable os::ForkMutex mutex_;
    Departures sum_;  // guarded by mutex_
};

}  // namespace mailslot
