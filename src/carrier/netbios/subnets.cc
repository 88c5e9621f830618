#include "carrier/netbios/subnets.h"

#include <algorithm>

namespace mailslot {
namespace {

// A network of at most two addresses has no broadcast address (RFC 3021).
constexpr std::uint8_t kLongestPrefix = 30;

std::uint32_t number_of(const IpAddress& address) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i) number = number << 8 | address.octets[i];
    return number;
}

IpAddress address_of(std::uint32_t number) {
    return IpAddress::v4(static_cast<std::uint8_t>(number >> 24),
                         static_cast<std::uint8_t>(number >> 16),
                         static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number));
}

std::uint32_t host_bits(std::uint8_t prefix) {
    return prefix == 0 ? 0xffffffff : (std::uint32_t{1} << (32 - prefix)) - 1;
}

bool is_usable(const os::Interface& interface, const Settings& settings) {
    if (!interface.up) return false;
    if (settings.interfaces.empty()) return interface.broadcast && !interface.loopback;
    return std::ranges::count(settings.interfaces, interface.name) > 0;
}

}  // namespace

IpAddress Subnet::broadcast() const { return address_of(number_of(address) | host_bits(prefix)); }

bool Subnet::contains(const IpAddress& other) const {
    return other.family == IpAddress::Family::v4 &&
           ((number_of(address) ^ number_of(other)) & ~host_bits(prefix)) == 0;
}

std::vector<Subnet> subnets_of(std::span<const os::Interface> interfaces,
                               const Settings& settings) {
    std::vector<Subnet> subnets;
    if (settings.families == Families::ipv6) return subnets;
    for (const os::Interface& interface : interfaces) {
        if (!is_usable(interface, settings)) continue;
        for (std::size_t i = 0; i < interface.ipv4.size(); ++i) {
            const std::uint8_t prefix = interface.ipv4_prefixes[i];
            if (prefix > kLongestPrefix) continue;
            subnets.push_back({interface.index, interface.ipv4[i], prefix});
        }
    }
    return subnets;
}

const Subnet* subnet_of(std::span<const Subnet> subnets, std::uint32_t interface_index,
                        const IpAddress& from) {
    const Subnet* by_interface = nullptr;
    for (const Subnet& subnet : subnets) {
        if (subnet.address == from) return &subnet;
        if (subnet.interface_index != interface_index) continue;
        if (subnet.contains(from)) return &subnet;
        if (by_interface == nullptr) by_interface = &subnet;
    }
    return by_interface;
}

bool is_own_address(std::span<const Subnet> subnets, const IpAddress& address) {
    return std::ranges::count(subnets, address, &Subnet::address) > 0;
}

}  // namespace mailslot
