#include "os/linux/interfaces_without_netlink.h"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>

#include "os/fork_guard.h"
#include "os/linux/socket_address.h"

namespace mailslot::os {
namespace {

// Addresses beyond this number are left out: a machine without netlink is small.
constexpr std::size_t kMostAddresses = 256;
// Scope of link-local addresses in /proc/net/if_inet6.
constexpr unsigned kLinkScope = 0x20;

ifreq request_for(std::string_view name) {
    ifreq request{};
    name.copy(request.ifr_name, sizeof request.ifr_name - 1);
    return request;
}

// Returns the interface of that name, looked up at the first use; nullptr if the interface has just
// gone.
Interface* find(std::vector<Interface>& all, int fd, std::string_view label) {
    const std::string_view name = label.substr(0, label.find(':'));
    const auto known = std::ranges::find(all, name, &Interface::name);
    if (known != all.end()) return &*known;
    ifreq request = request_for(name);
    if (ioctl(fd, SIOCGIFINDEX, &request) != 0) return nullptr;
    const int index = request.ifr_ifindex;
    if (ioctl(fd, SIOCGIFFLAGS, &request) != 0) return nullptr;
    const auto flags = static_cast<unsigned>(static_cast<unsigned short>(request.ifr_flags));
    return &all.emplace_back(Interface{
        .index = static_cast<std::uint32_t>(index),
        .name = std::string(name),
        .up = (flags & IFF_UP) != 0,
        .running = (flags & IFF_RUNNING) != 0,
        .multicast = (flags & IFF_MULTICAST) != 0,
        .broadcast = (flags & IFF_BROADCAST) != 0,
        .loopback = (flags & IFF_LOOPBACK) != 0,
    });
}

std::uint8_t prefix_of(int fd, const ifreq& of) {
    ifreq request = of;
    if (ioctl(fd, SIOCGIFNETMASK, &request) != 0) return 32;
    sockaddr_in mask;
    std::memcpy(&mask, &request.ifr_netmask, sizeof mask);
    return static_cast<std::uint8_t>(std::popcount(mask.sin_addr.s_addr));
}

void add_ipv4(std::vector<Interface>& all, int fd) {
    std::vector<ifreq> entries(kMostAddresses);
    ifconf request{};
    request.ifc_len = static_cast<int>(entries.size() * sizeof entries[0]);
    request.ifc_req = entries.data();
    if (ioctl(fd, SIOCGIFCONF, &request) != 0) return;
    entries.resize(static_cast<std::size_t>(request.ifc_len) / sizeof entries[0]);
    for (const ifreq& entry : entries) {
        Interface* const owner = find(all, fd, entry.ifr_name);
        if (owner == nullptr) continue;
        owner->ipv4.push_back(to_endpoint(&entry.ifr_addr).address);
        owner->ipv4_prefixes.push_back(prefix_of(fd, entry));
    }
}

// Format of a line: 32 hexadecimal digits, index, prefix, scope, flags, name.
void add_ipv6(std::vector<Interface>& all, int fd) {
    std::ifstream lines("/proc/self/net/if_inet6");
    std::string digits, index, prefix, scope, flags, name;
    for (std::size_t i = 0; i < kMostAddresses; ++i) {
        if (!(lines >> digits >> index >> prefix >> scope >> flags >> name)) return;
        IpAddress address{IpAddress::Family::v6, {}, 0};
        if (digits.size() != 2 * address.octets.size()) return;
        for (std::size_t k = 0; k < address.octets.size(); ++k) {
            address.octets[k] = static_cast<std::uint8_t>(
                std::strtoul(digits.substr(2 * k, 2).c_str(), nullptr, 16));
        }
        Interface* const owner = find(all, fd, name);
        if (owner == nullptr) continue;
        if (std::strtoul(scope.c_str(), nullptr, 16) == kLinkScope) address.scope_id = owner->index;
        owner->ipv6.push_back(address);
        owner->ipv6_prefixes.push_back(
            static_cast<std::uint8_t>(std::strtoul(prefix.c_str(), nullptr, 16)));
    }
}

}  // namespace

std::optional<std::vector<Interface>> interfaces_without_netlink() {
    const GuardedFd fd =
        GuardedFd::make([] { return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); });
    if (!fd) return std::nullopt;
    std::vector<Interface> all;
    add_ipv4(all, fd.number());
    add_ipv6(all, fd.number());
    if (all.empty()) return std::nullopt;
    std::ranges::sort(all, {}, &Interface::index);
    return all;
}

}  // namespace mailslot::os
