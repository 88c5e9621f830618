// The machine's network interfaces, and reports of their changes.
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
    bool running = false;  // up, and the link is there
    bool multicast = false;
    bool broadcast = false;
    bool loopback = false;
    std::vector<IpAddress> ipv4{}, ipv6{};  // link-local v6 addresses carry their scope
    // Length of the network's prefix in bits, for each address above.
    std::vector<std::uint8_t> ipv4_prefixes{}, ipv6_prefixes{};
};

// Returns whether a datagram that came in by the interface can be from that address without a
// router. True for addresses of the interface's networks and link-local ones. Also true for the
// loopback, where only this machine sends, and for an interface without broadcasts (a tunnel),
// which has a single other end.
bool is_neighbour(const Interface& interface, const IpAddress& address);

// Sorted by index.
// Errors: no_resources, no_permission
Result<std::vector<Interface>> list_interfaces();

// Returns whether the address is the loopback's or an interface's of this machine. False if
// unknown.
bool is_own_address(const IpAddress& address);

class InterfaceWatch {
public:
    // Errors: no_resources, no_permission
    static Result<InterfaceWatch> open();

    Handle fd() const { return fd_.get(); }  // readable when something changed
    // Returns whether links or addresses changed since the last call; never blocks.
    bool changed();
    // Interfaces that went away before the last call of changed(), as far as the system has
    // reported them. A new interface may already have the same index. Sockets that had joined a
    // group there have lost their membership.
    const std::vector<std::uint32_t>& removed() const { return removed_; }

private:
    explicit InterfaceWatch(GuardedFd fd) : fd_(std::move(fd)) {}
    GuardedFd fd_;
    std::vector<std::uint32_t> removed_{};
};

}  // namespace mailslot::os
