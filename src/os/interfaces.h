// The machine's network interfaces, and word of their changes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mailslot/result.h"
#include "model/ip_address.h"
#include "os/fork_guard.h"

namespace mailslot::os {

struct Interface {
    std::uint32_t index = 0;
    std::string name{};
    bool up = false;       // switched on
    bool running = false;  // and the link is there
    bool multicast = false;
    bool broadcast = false;
    bool loopback = false;
    std::vector<IpAddress> ipv4{}, ipv6{};  // link-local v6 addresses carry their scope
    // Beside these: bits of the network.
    std::vector<std::uint8_t> ipv4_prefixes{}, ipv6_prefixes{};
};

// Whether a datagram that came by the interface can be from that address, if nobody routed it here:
// from one of the interface's networks, or link-local. By the loopback comes this machine's own. By
// an interface without broadcasts (a tunnel) there is but one other end.
bool is_neighbour(const Interface& interface, const IpAddress& address);

// In the order of their indexes. Errors: no_resources, no_permission.
Result<std::vector<Interface>> list_interfaces();

// Whether it is the loopback's, or that of an interface of this machine. Unknown counts as not.
bool is_own_address(const IpAddress& address);

class InterfaceWatch {
public:
    // Errors: no_resources, no_permission.
    static Result<InterfaceWatch> open();

    int fd() const { return fd_.get(); }  // readable when something changed
    // Whether links or addresses changed since the last call; never blocks.
    bool changed();
    // Interfaces that went away before the last call of changed(), as far as the system has told:
    // one with the same index may be there again. What had joined a group there has not any more.
    const std::vector<std::uint32_t>& removed() const { return removed_; }

private:
    explicit InterfaceWatch(GuardedFd fd) : fd_(std::move(fd)) {}
    GuardedFd fd_;
    std::vector<std::uint32_t> removed_{};
};

}  // namespace mailslot::os
