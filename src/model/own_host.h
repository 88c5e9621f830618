// This machine's own name. Where nothing but the system says it, it may change at any time: by
// DHCP, cloud-init or hostnamectl.
#pragma once

#include <chrono>
#include <string>

#include "base/clock.h"
#include "model/settings.h"

namespace mailslot {

// A look costs 0.2 us, and a name changes by a person's hand: nobody waits for a second.
inline constexpr std::chrono::seconds kAskHostAgain{1};

inline HostName own_name(const Settings& settings) {
    return settings.ask_host ? settings.ask_host() : HostName{settings.host, settings.full_host};
}
inline std::string own_host(const Settings& settings) { return own_name(settings).host; }

// The same, asked for at most every kAskHostAgain. Threads: one at a time.
class OwnHost {
public:
    explicit OwnHost(const Settings& settings) : settings_(settings), name_(settings.host) {}

    // Lives until the next call.
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
