// The text forms of addresses, without a scope. The system reads and writes them, so src/os/
// implements these functions.
#pragma once

#include <string>

#include "model/ip_address.h"

namespace mailslot {

using Octets = decltype(IpAddress::octets);

// Dotted decimal, as "10.0.0.7". Returns false if the text is no address.
bool read_v4(const std::string& text, Octets& octets);
std::string write_v4(const Octets& octets);
// RFC 4291 section 2.2, written as in RFC 5952.
bool read_v6(const std::string& text, Octets& octets);
std::string write_v6(const Octets& octets);

}  // namespace mailslot
