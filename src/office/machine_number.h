// The number by which this machine's office knows the machine's own datagrams: draws another if
// another machine has the same, and keeps registered processes informed. Rules: docs/office.md,
// "Who this machine is".
// Threads: the station's only.
#pragma once

#include <functional>
#include <set>
#include <utility>

#include "base/clock.h"
#include "base/random.h"
#include "model/machine_id.h"
#include "os/handle.h"
#include "post/machine_ids.h"
#include "post/own_addresses.h"

namespace mailslot::office {

class MachineNumber {
public:
    MachineNumber(post::MachineIds& ids, const NetworkId& network, const Clock& clock,
                  Random& random)
        : ids_(ids), network_(network), clock_(clock), random_(random) {}

    // Returns the machine's number and network as slots' memory must say them.
    MachineId present() const { return {ids_.present(), network_}; }
    // `tell` is called when the number changes.
    void tell_changes_to(std::function<void(const MachineId&)> tell) { tell_ = std::move(tell); }

    // Answers a registered process, which tells the number that its slots' memory has had so far.
    void hear(os::Handle connection, const MachineId& former);
    void forget(os::Handle connection) { told_.erase(connection); }
    // Changes the number if another machine uses it: a copy of this machine, made while it ran.
    // Returns true if the number changed.
    bool change_if_contested();

private:
    void tell(os::Handle connection) const;

    post::MachineIds& ids_;
    const NetworkId network_;
    const Clock& clock_;
    Random& random_;
    std::set<os::Handle> told_;  // registrants that follow the number
    std::function<void(const MachineId&)> tell_ = [](const MachineId&) {};
};

// Returns the addresses of this machine as the system lists them.
post::OwnAddresses addresses_of_system(const Clock& clock);

}  // namespace mailslot::office
