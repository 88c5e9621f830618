// Adds up how messages left this machine, for commands that report it.
#pragma once

#include "carrier/carrier_writer.h"
#include "os/fork_mutex.h"

namespace mailslot {

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
