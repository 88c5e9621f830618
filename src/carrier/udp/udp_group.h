// The group's addresses, and the interfaces to listen on and to send by.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/ip_address.h"
#include "model/settings.h"
#include "os/interfaces.h"

namespace mailslot {

// Returns 239.255.71.38 (RFC 2365 section 6.1: stays local) or ff02::6d73:6c74 (this link; "mslt"
// in ASCII).
IpAddress group_address(IpAddress::Family family);

bool is_chosen(Families families, IpAddress::Family family);

// An interface with an address of this family.
struct Link {
    IpAddress::Family family = IpAddress::Family::none;
    std::uint32_t interface_index = 0;
    IpAddress source{};  // to send from, if the system's choice is unsuitable
    bool is_loopback = false;
    bool operator==(const Link&) const = default;
};

// Returns the links to join: interfaces that are up and can multicast, and the loopback. If the
// settings name interfaces, those alone, whatever they can do. Connected interfaces come first,
// because not all can be joined if there are very many.
std::vector<Link> listening_links(std::span<const os::Interface> all, const Settings& settings);

// Returns the links for messages to the group: those of listening_links() that are connected,
// without the loopback unless there is nothing else. Datagrams that left by another interface are
// heard on this machine as well.
std::vector<Link> sending_links(std::span<const os::Interface> all, const Settings& settings);

// Returns the links for messages to the group that are for this machine alone: the loopback, or
// sending_links() if the settings exclude the loopback.
std::vector<Link> links_to_this_machine(std::span<const os::Interface> all,
                                        const Settings& settings);

// Returns the interfaces by which datagrams may come in; empty: all.
std::vector<std::uint32_t> allowed_interfaces(std::span<const os::Interface> all,
                                              const Settings& settings);

}  // namespace mailslot
