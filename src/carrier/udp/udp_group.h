// Where we listen and whereto we send: the group, and which interfaces take part.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/ip_address.h"
#include "model/settings.h"
#include "os/interfaces.h"

namespace mailslot {

// 239.255.71.38 (RFC 2365 section 6.1: stays local) and ff02::6d73:6c74 (this link; "mslt" in
// ASCII).
IpAddress group_address(IpAddress::Family family);

bool is_chosen(Families families, IpAddress::Family family);

// An interface with an address of this family.
struct Link {
    IpAddress::Family family = IpAddress::Family::none;
    std::uint32_t interface_index = 0;
    IpAddress source{};  // to send from, where the system's choice does not serve
    bool operator==(const Link&) const = default;
};

// Where to join: interfaces that are up and can multicast, and the loopback; those that the
// settings name, if they name any, whatever they can. Those whose link is there come first: not all
// can be joined where there are very many.
std::vector<Link> listening_links(std::span<const os::Interface> all, const Settings& settings);

// Where to send what goes to the group: the same where the link is there, without the loopback
// unless there is nothing else. A datagram that left by another interface is heard on this machine
// as well.
std::vector<Link> sending_links(std::span<const os::Interface> all, const Settings& settings);

// Links for what goes to the group but is for this machine alone: the loopback, and where the
// settings leave that out, as above.
std::vector<Link> links_to_this_machine(std::span<const os::Interface> all,
                                        const Settings& settings);

// Interfaces by which datagrams may come in; empty: all.
std::vector<std::uint32_t> allowed_interfaces(std::span<const os::Interface> all,
                                              const Settings& settings);

}  // namespace mailslot
