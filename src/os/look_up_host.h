// Looks up host names by the system's resolver (hosts file, DNS, and whatever else the machine is
// set up for), and tells how an address can be used.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/ip_address.h"

namespace mailslot::os {

struct HostAnswer {
    std::vector<IpAddress> addresses{};  // the best first; empty if there is no answer
    // The host's name beside its addresses: the target of a CNAME, or the first name of the line in
    // the hosts file.
    std::string canonical_name{};
};

// Blocks, at worst for many seconds. Treats a text that the C library would read as a number and
// turn into an address ("1234", "10.1", "0x10") as a name.
HostAnswer look_up_host(const std::string& host);
// Looks in the hosts file alone: quick. If the file is over 1 MiB, only its beginning is read.
HostAnswer look_up_in_hosts_file(const std::string& host);
// Looks in the text of a hosts file.
HostAnswer find_in_hosts(std::string_view text, std::string_view host);

enum class AddressUse : std::uint8_t {
    another_host,  // may be another machine's
    this_machine,  // an address of our own, or the loopback's
    no_route,      // cannot be reached
    no_host,       // not a single machine's: a group, a broadcast address, 0.0.0.0
};
// Asks the system's tables of addresses and routes; sends nothing.
AddressUse use_of(const IpAddress& address);

}  // namespace mailslot::os
