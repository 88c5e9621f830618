// Host names by the system's resolver (hosts file, DNS, and what else the machine is set up for),
// and what an address found so is worth.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/ip_address.h"

namespace mailslot::os {

struct HostAnswer {
    std::vector<IpAddress> addresses{};  // the best first; empty: no answer
    // The host's name in the place where its addresses stand: of a CNAME its target, in the hosts
    // file the first name of the line.
    std::string canonical_name{};
};

// Blocks, at worst for many seconds. A text that the C library would read as a number and make an
// address of ("1234", "10.1", "0x10") is a name here.
HostAnswer look_up_host(const std::string& host);
// The same from the hosts file alone: quick. Of a file over 1 MiB only the beginning is read.
HostAnswer look_up_in_hosts_file(const std::string& host);
// From the text of such a file.
HostAnswer find_in_hosts(std::string_view text, std::string_view host);

enum class AddressUse : std::uint8_t {
    another_host,  // it may be another machine's
    this_machine,  // one of our own, or of the loopback
    no_route,      // there is no way to it
    no_host,       // of no single machine: a group, a broadcast address, 0.0.0.0
};
// Asks the system's lists of addresses and routes; sends nothing.
AddressUse use_of(const IpAddress& address);

}  // namespace mailslot::os
