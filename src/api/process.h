// What a process has once, however many ends it opens: settings and, while it reads, the station.
// With the fork guard this is all the project has of process-wide state.
#pragma once

#include <memory>
#include <vector>

#include "api/departures.h"
#include "api/flusher.h"
#include "base/clock.h"
#include "base/random.h"
#include "inbox/slot_folder.h"
#include "mailslot/result.h"
#include "model/address.h"
#include "model/settings.h"
#include "os/fork_mutex.h"
#include "post/station.h"

namespace mailslot {

// Threads: any.
class Process {
public:
    // This process's own; a child of fork gets a new one. Errors: bad_config.
    static Result<Process*> current();

    const Settings& settings() const { return settings_; }
    const Clock& clock() const { return clock_; }
    Random& random() { return random_; }

    // The station, started if it does not run; it runs as long as somebody holds it.
    // Errors: no_permission, no_resources, timed_out.
    Result<std::shared_ptr<post::Station>> station(Access access);

    // What sends what writers hold back.
    Flusher& flusher() { return flusher_; }

    // How the messages of writers that have closed left this machine.
    DepartureBook& departures() { return departures_; }

    // Where a local name is looked for: this user's folders, then the whole machine's.
    std::vector<inbox::SlotFolder> folders() const;

private:
    struct Current;  // the one of this process

    explicit Process(Settings settings);

    const Settings settings_;
    SystemClock clock_;
    SystemRandom random_;
    std::mutex mutex_;
    std::weak_ptr<post::Station> station_, shared_station_;
    DepartureBook departures_;
    Flusher flusher_;
};

// Whether one machine may have the place. Errors: bad_name, of a broadcast address.
Result<void> check_place(const Address& address);

// Whether a message to that place is for this machine too, and for it alone.
struct Reach {
    bool this_machine = false, others = false;
};
Reach reach_of(const Address& address, const Settings& settings);

}  // namespace mailslot
