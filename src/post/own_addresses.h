// Addresses that this machine has, or had a moment ago: datagrams wait in a socket while addresses
// change. Pure: time and the system's list are handed in.
// Threads: one at a time.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "model/ip_address.h"

namespace mailslot::post {

// Longer than a datagram waits in a socket's buffer.
inline constexpr std::chrono::seconds kOursForAWhile{10};
// The list is read again after this time even without word of a change: word can get lost, and a
// sandbox may give none.
inline constexpr std::chrono::seconds kListAgain{1};

class OwnAddresses {
public:
    // Returns nullopt if the system does not say.
    using List = std::function<std::optional<std::vector<IpAddress>>()>;
    using HasChanged = std::function<bool()>;  // since the last call

    OwnAddresses(const Clock& clock, List list, HasChanged has_changed);

    // Returns true if `address` is this machine's, or was so until a moment ago. Always true if the
    // system has never said which addresses are this machine's.
    bool has(const IpAddress& address);

private:
    struct Former {
        IpAddress address;
        Clock::Instant until;
    };
    void look();
    bool has_now(const IpAddress& address) const;

    const Clock& clock_;
    const List list_;
    const HasChanged has_changed_;
    std::optional<Clock::Instant> looked_at_;
    std::optional<std::vector<IpAddress>> present_;
    std::vector<Former> former_;
};

}  // namespace mailslot::post
