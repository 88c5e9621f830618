// Own name of this machine. If only the system defines the name, it may change at any time: by
// DHCP, cloud-init or hostnamectl.
#pragma once

#include <chrono>
#include <string>

#include "base/clock.h"
#include "model/settings.h"

namespace mailslot {

// A look costs 0.2 us. A delay of a second is enough, because people change a name by hand.
inline constexpr std::chrono::seconds kAskHostAgain{1};

inline HostName own_name(const Settings& settings) {
    return settings.ask_host ? settings.ask_host() : HostName{settings.host, settings.full_host};
}
inline std::string own_host(const Settings& settings) { return own_name(settings).host; }

// Returns the same name, but asks at most every kAskHostAgain.
// Threads: one at a time
class OwnHost {
public:
    explicit OwnHost(const Settings& settings) : settings_(settings), name_(settings.host) {}

    // The result is valid until the next call.
    const std::string& at(Clock::Instant now) {
        if (settings_.ask_host && now >= ask_again_) {
            name_ = own_host(settings_);
            ask_again_ = now + kAskHostAgain;
        }
        return name_;
    }

private:
    const Settings& settings_;
    std::string name_;
    Clock::Instant ask_again_ = Clock::Instant::min();
};

}  // namespace mailslot
