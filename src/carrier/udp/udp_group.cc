#include "carrier/udp/udp_group.h"

#include <algorithm>

namespace mailslot {
namespace {

using Family = IpAddress::Family;

bool is_named(const os::Interface& interface, const Settings& settings) {
    return std::ranges::find(settings.interfaces, interface.name) != settings.interfaces.end();
}

bool is_usable(const os::Interface& interface, const Settings& settings) {
    if (!interface.up) return false;
    if (!settings.interfaces.empty()) return is_named(interface, settings);
    return interface.multicast || interface.loopback;  // works on Linux' loopback without the flag
}

bool has_address(const os::Interface& interface, Family family) {
    return family == Family::v4 ? !interface.ipv4.empty() : !interface.ipv6.empty();
}

// If there is nothing but the loopback, Linux would send to an IPv4 group from 0.0.0.0, because the
// scope of 127.0.0.1 is too narrow.
IpAddress loopback_source(const os::Interface& loopback, Family family) {
    return family == Family::v4 ? loopback.ipv4.front() : IpAddress{};
}

}  // namespace

IpAddress group_address(Family family) {
    if (family == Family::v4) return IpAddress::v4(239, 255, 71, 38);
    return {Family::v6, {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x6d, 0x73, 0x6c, 0x74}, 0};
}

bool is_chosen(Families families, Family family) {
    if (families == Families::both) return family != Family::none;
    return family == (families == Families::ipv4 ? Family::v4 : Family::v6);
}

std::vector<Link> listening_links(std::span<const os::Interface> all, const Settings& settings) {
    std::vector<Link> links;
    for (const Family family : {Family::v4, Family::v6}) {
        if (!is_chosen(settings.families, family)) continue;
        for (const bool running : {true, false}) {
            for (const os::Interface& interface : all) {
                if (interface.running == running && is_usable(interface, settings) &&
                    has_address(interface, family)) {
                    links.push_back({family, interface.index});
                }
            }
        }
    }
    return links;
}

std::vector<Link> sending_links(std::span<const os::Interface> all, const Settings& settings) {
    std::vector<Link> links;
    for (const Family family : {Family::v4, Family::v6}) {
        if (!is_chosen(settings.families, family)) continue;
        std::vector<Link> outer, loopback;
        for (const os::Interface& interface : all) {
            if (!is_usable(interface, settings) || !interface.running) continue;
            if (!has_address(interface, family)) continue;
            if (interface.loopback) {
                loopback.push_back(
                    {family, interface.index, loopback_source(interface, family), true});
            } else {
                outer.push_back({family, interface.index});
            }
        }
        // Linux has no route for IPv6 groups by the loopback: used only if there is no other link.
        const bool by_loopback = outer.empty() && (family == Family::v4 || links.empty());
        links.insert(links.end(), outer.begin(), outer.end());
        if (by_loopback) links.insert(links.end(), loopback.begin(), loopback.end());
    }
    return links;
}

std::vector<Link> links_to_this_machine(std::span<const os::Interface> all,
                                        const Settings& settings) {
    std::vector<os::Interface> loopback;
    std::ranges::copy_if(all, std::back_inserter(loopback), &os::Interface::loopback);
    const std::vector<Link> links = sending_links(loopback, settings);
    return links.empty() ? sending_links(all, settings) : links;
}

std::vector<std::uint32_t> allowed_interfaces(std::span<const os::Interface> all,
                                              const Settings& settings) {
    std::vector<std::uint32_t> allowed;
    if (settings.interfaces.empty()) return allowed;
    for (const os::Interface& interface : all) {
        // Datagrams from this machine to its own addresses come by the loopback.
        if (interface.loopback || is_named(interface, settings)) allowed.push_back(interface.index);
    }
    return allowed;
}

}  // namespace mailslot
