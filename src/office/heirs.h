// Processes to which an office may hand itself over: docs/office.md, "Handing over".
// Threads: the station's only.
#pragma once

#include <set>

#include "local/slot_folder.h"
#include "office/door.h"
#include "wire/local_message.h"

namespace mailslot::office {

class Heirs {
public:
    Heirs(const local::SlotFolder& folder, Door& door, wire::Rank rank)
        : folder_(folder), door_(door), rank_(rank) {}

    // Returns true if the process behind a connection may have the office.
    bool may_take_over(os::Handle connection) const;
    // Offers the office to the next registered process that may have the office. Returns false if
    // none is left. is_offered(): that process can still answer.
    bool offer();
    bool is_offered() const { return door_.has(offered_); }
    // Grants or refuses a claim.
    void hear_claim(os::Handle connection, wire::Rank rank);
    // Returns true if a claim was granted: that process is to get the office.
    bool has_claimant() const { return door_.has(claimant_); }
    os::GuardedFd take_claimant();
    void forget(os::Handle connection) { asked_.erase(connection); }

private:
    const local::SlotFolder& folder_;
    Door& door_;
    const wire::Rank rank_;  // of this office
    std::set<os::Handle> asked_;
    os::Handle offered_ = os::kNoHandle, claimant_ = os::kNoHandle;
};

}  // namespace mailslot::office
