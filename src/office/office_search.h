// The search for an office: its times, and which office to join.
// Threads: the station's only.
#pragma once

#include <optional>

#include "base/clock.h"
#include "office/office_client.h"
#include "office/premises.h"

namespace mailslot::office {

class OfficeSearch {
public:
    OfficeSearch(const Premises& at, OfficeClient& client) : at_(at), client_(client) {}

    // The time of the next try, if there shall be any.
    std::optional<Clock::Instant> next() const { return next_; }
    void try_now() { next_ = at_.clock.now(); }
    void try_in(std::chrono::milliseconds pause) { next_ = at_.clock.now() + pause; }
    void try_later();  // soon at first, slowly after many tries
    void stop() { next_.reset(); }
    void forget_tries() { tries_ = 0; }

    // Joins the whole machine's office if there is any, otherwise this user's. Returns false if
    // there is none.
    bool join();
    bool join_machines();
    void note_loss();
    void note_own_office() { has_lost_ = false; }  // this process is the office
    // Returns true if the last office has gone.
    bool has_lost() const { return has_lost_; }
    // Returns true if the machine's office may be restarting, so that no other shall begin.
    bool expects_machines() const { return away_until_.has_value(); }

private:
    const Premises& at_;
    OfficeClient& client_;
    std::optional<Clock::Instant> next_{};
    int tries_ = 0;
    bool has_lost_ = false;
    bool is_machines_ = false;                    // the office is, or was, the whole machine's
    std::optional<Clock::Instant> away_until_{};  // that office may come back until then
};

}  // namespace mailslot::office
