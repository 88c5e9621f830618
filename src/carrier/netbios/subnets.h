// The IPv4 networks that this machine is on, as the classic wire sees them. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/ip_address.h"
#include "model/settings.h"
#include "os/interfaces.h"

namespace mailslot {

struct Subnet {
    std::uint32_t interface_index = 0;
    IpAddress address{};  // ours
    std::uint8_t prefix = 0;
    bool operator==(const Subnet&) const = default;

    IpAddress broadcast() const;
    bool contains(const IpAddress& other) const;
};

// Returns a subnet for each address of each usable interface: those that the settings name, or else
// all that can broadcast, without the loopback. Leaves out networks without a broadcast address.
std::vector<Subnet> subnets_of(std::span<const os::Interface> interfaces, const Settings& settings);

// Returns the subnet by which a datagram came, or null. The machine's own datagrams come by the
// loopback and are matched by address.
const Subnet* subnet_of(std::span<const Subnet> subnets, std::uint32_t interface_index,
                        const IpAddress& from);
bool is_own_address(std::span<const Subnet> subnets, const IpAddress& address);

}  // namespace mailslot
