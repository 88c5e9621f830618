// State that exists once in a process, for all its ends: settings, and the station while it reads.
// With the fork guard, the project's only process-wide state.
#pragma once

#include <memory>
#include <vector>

#include "api/departures.h"
#include "base/clock.h"
#include "base/random.h"
#include "carrier/flusher.h"
#include "local/slot_folder.h"
#include "mailslot/result.h"
#include "model/address.h"
#include "model/settings.h"
#include "office/station.h"
#include "os/fork_mutex.h"
#include "os/system_random.h"

namespace mailslot {

// Threads: any.
class Process {
public:
    // Returns this process's own object. A child of fork gets a new one. Errors: bad_config.
    static Result<Process*> current();

    const Settings& settings() const { return settings_; }
    const Clock& clock() const { return clock_; }
    Random& random() { return random_; }

    // Returns the station, started if necessary, which runs as long as somebody holds a pointer.
    // Errors: no_permission, no_resources, timed_out.
    Result<std::shared_ptr<office::Station>> station(Access access);

    // Sends messages that writers hold back.
    Flusher& flusher() { return flusher_; }

    // Records how the messages of closed writers left this machine.
    DepartureBook& departures() { return departures_; }

    // Returns the folders of local names, in order: this user's folders, then the whole machine's.
    std::vector<local::SlotFolder> folders() const;

private:
    struct Current;  // holds this process's object

    explicit Process(Settings settings);

    const Settings settings_;
    SystemClock clock_;
    os::SystemRandom random_;
    std::mutex mutex_;
    std::weak_ptr<office::Station> station_, shared_station_;
    DepartureBook departures_;
    Flusher flusher_;
};

// Checks that the place may belong to a machine. Errors: bad_name for a broadcast address.
Result<void> check_place(const Address& address);

// Tells whether messages to a place are for this machine, for others, or for both.
struct Reach {
    bool this_machine = false, others = false;
};
Reach reach_of(const Address& address, const Settings& settings);

}  // namespace mailslot
