// Whom an office that took over waits for before it receives: the processes and slots that its
// predecessor handed over, which register again. docs/office.md, "Handing over".
// Threads: the station's only.
#pragma once

#include <optional>
#include <set>

#include "base/clock.h"

namespace mailslot::office {

class Returners {
public:
    // `until`: the office receives then at the latest.
    explicit Returners(Clock::Instant until) : until_(until) {}

    void expect_process(os::Handle connection) { awaited_.insert(connection); }
    // Notes whether a predecessor handed over any process or books. Otherwise nobody knows whom to
    // expect, and the office waits until the time is over.
    void know_all(bool knows) { knows_all_ = knows; }
    void has_come(os::Handle connection) { awaited_.erase(connection); }

    // Returns the end of the wait; nullopt if the wait is over.
    std::optional<Clock::Instant> until() const { return until_; }
    // Returns true if the wait is to end now. `slots_are_here`: no slot is expected any longer.
    bool is_due(Clock::Instant now, bool slots_are_here) const {
        const bool all_are_here = knows_all_ && awaited_.empty() && slots_are_here;
        return until_ && (now >= *until_ || all_are_here);
    }
    void end() {
        until_.reset();
        awaited_.clear();
    }

private:
    std::optional<Clock::Instant> until_;
    std::set<os::Handle> awaited_;
    bool knows_all_ = false;
};

}  // namespace mailslot::office
