#include "os/interfaces.h"

#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "os/linux/interfaces_without_netlink.h"
#include "os/linux/network_error.h"
#include "os/linux/socket_address.h"

namespace mailslot::os {
namespace {

constexpr std::time_t kLookEverySeconds = 2;  // how long a new interface may go unnoticed

Interface to_interface(const ifaddrs& entry) {
    sockaddr_ll link;
    std::memcpy(&link, entry.ifa_addr, sizeof link);
    return {
        .index = static_cast<std::uint32_t>(link.sll_ifindex),
        .name = entry.ifa_name,
        .up = (entry.ifa_flags & IFF_UP) != 0,
        .running = (entry.ifa_flags & IFF_RUNNING) != 0,
        .multicast = (entry.ifa_flags & IFF_MULTICAST) != 0,
        .broadcast = (entry.ifa_flags & IFF_BROADCAST) != 0,
        .loopback = (entry.ifa_flags & IFF_LOOPBACK) != 0,
    };
}

// Finds the interface of an address entry. The entry's name is the address's label: the interface's
// name, or that and ":1".
Interface* owner_of(const ifaddrs& entry, std::vector<Interface>& interfaces) {
    const std::string_view label(entry.ifa_name);
    const std::string_view name = label.substr(0, label.find(':'));
    const auto found = std::ranges::find(interfaces, name, &Interface::name);
    return found == interfaces.end() ? nullptr : &*found;
}

std::uint8_t prefix_of(const IpAddress& netmask) {
    int bits = 0;  // for IPv4, the last twelve octets are 0
    for (const std::uint8_t octet : netmask.octets) bits += std::popcount(octet);
    return static_cast<std::uint8_t>(bits);
}

bool begin_alike(const IpAddress& a, const IpAddress& b, std::size_t bits) {
    constexpr std::size_t kOctetBits = 8;
    for (std::size_t i = 0; i < bits; ++i) {
        const std::size_t octet = i / kOctetBits;
        if (octet >= a.octets.size()) return true;
        const unsigned differ = unsigned{a.octets[octet]} ^ b.octets[octet];
        if ((differ >> (kOctetBits - 1 - i % kOctetBits) & 1) != 0) return false;
    }
    return true;
}

void add_address(const ifaddrs& entry, std::vector<Interface>& interfaces) {
    Interface* owner = owner_of(entry, interfaces);
    const IpAddress address = to_endpoint(entry.ifa_addr).address;
    if (owner == nullptr) return;
    if (address.family == IpAddress::Family::v4) {
        owner->ipv4.push_back(address);
        owner->ipv4_prefixes.push_back(prefix_of(to_endpoint(entry.ifa_netmask).address));
    }
    if (address.family == IpAddress::Family::v6) {
        owner->ipv6.push_back(address);
        owner->ipv6_prefixes.push_back(prefix_of(to_endpoint(entry.ifa_netmask).address));
    }
}

// Returns whether a sandbox (RestrictAddressFamilies=, a container's seccomp profile) forbids the
// call, or the system lacks it.
bool is_forbidden(int os_code) {
    return os_code == EAFNOSUPPORT || os_code == EPROTONOSUPPORT || os_code == EPERM ||
           os_code == EACCES || os_code == ENOSYS || os_code == EINVAL;
}

// A timer that stands in for netlink's reports of changes: the list is looked at from time to time.
GuardedFd look_from_time_to_time() {
    GuardedFd fd =
        GuardedFd::make([] { return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK); });
    const timespec period{kLookEverySeconds, 0};
    const itimerspec times{period, period};
    if (fd && timerfd_settime(fd.number(), 0, &times, nullptr) != 0) fd.reset();
    return fd;
}

}  // namespace

Result<std::vector<Interface>> list_interfaces() {
    ifaddrs* raw = nullptr;
    if (getifaddrs(&raw) != 0) {
        const int os_code = errno;
        if (auto found = interfaces_without_netlink()) return std::move(*found);
        return network_error("getifaddrs", os_code);
    }
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> entries(raw, &freeifaddrs);
    std::vector<Interface> interfaces;
    for (const ifaddrs* e = raw; e != nullptr; e = e->ifa_next) {
        if (e->ifa_addr != nullptr && e->ifa_addr->sa_family == AF_PACKET) {
            interfaces.push_back(to_interface(*e));
        }
    }
    for (const ifaddrs* e = raw; e != nullptr; e = e->ifa_next) add_address(*e, interfaces);
    std::ranges::sort(interfaces, {}, &Interface::index);
    return interfaces;
}

bool is_neighbour(const Interface& interface, const IpAddress& address) {
    if (interface.loopback || !interface.broadcast || address.is_link_local()) return true;
    const bool v4 = address.family == IpAddress::Family::v4;
    const auto& own = v4 ? interface.ipv4 : interface.ipv6;
    const auto& prefixes = v4 ? interface.ipv4_prefixes : interface.ipv6_prefixes;
    for (std::size_t i = 0; i < std::min(own.size(), prefixes.size()); ++i) {
        if (begin_alike(own[i], address, prefixes[i])) return true;
    }
    return false;
}

bool is_own_address(const IpAddress& address) {
    if (address.is_loopback()) return true;
    const auto interfaces = list_interfaces();
    if (!interfaces) return false;
    return std::ranges::any_of(*interfaces, [&](const Interface& interface) {
        const auto& own = address.family == IpAddress::Family::v4 ? interface.ipv4 : interface.ipv6;
        return std::ranges::count(own, address.octets, &IpAddress::octets) > 0;
    });
}

Result<InterfaceWatch> InterfaceWatch::open() {
    GuardedFd fd = GuardedFd::make(
        [] { return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE); });
    if (!fd && !is_forbidden(errno)) return network_error("netlink", errno);
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
    if (fd && bind(fd.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        if (!is_forbidden(errno)) return network_error("netlink bind", errno);
        fd.reset();
    }
    if (!fd) fd = look_from_time_to_time();
    if (!fd) return network_error("timerfd", errno);
    return InterfaceWatch(std::move(fd));
}

namespace {

// Returns the interface that a message reports as gone, or nullopt. A port that leaves a bridge is
// not gone.
std::optional<std::uint32_t> removed_by(std::span<const std::byte> message) {
    nlmsghdr header;
    ifinfomsg link;
    if (message.size() < NLMSG_HDRLEN + sizeof link) return std::nullopt;
    std::memcpy(&header, message.data(), sizeof header);
    std::memcpy(&link, message.data() + NLMSG_HDRLEN, sizeof link);
    if (header.nlmsg_type != RTM_DELLINK || link.ifi_family != AF_UNSPEC) return std::nullopt;
    return static_cast<std::uint32_t>(link.ifi_index);
}

}  // namespace

bool InterfaceWatch::changed() {
    bool any = false;
    removed_.clear();
    // Only the fact of a change matters, because the list is read again. So messages may be cut,
    // and lost messages (ENOBUFS) count as a change.
    std::array<std::byte, 64> message;
    for (;;) {
        const auto size = recv(fd_.number(), message.data(), message.size(), MSG_DONTWAIT);
        if (size >= 0) {
            any = true;
            const auto gone = removed_by(std::span(message).first(static_cast<std::size_t>(size)));
            if (gone) removed_.push_back(*gone);
        } else if (errno == ENOBUFS) {
            any = true;
        } else if (errno == ENOTSOCK) {  // without netlink
            std::uint64_t times = 0;
            return read(fd_.number(), &times, sizeof times) > 0;
        } else if (errno != EINTR) {
            return any;
        }
    }
}

}  // namespace mailslot::os
