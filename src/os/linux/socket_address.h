// Converts our addresses to those of the socket calls, and back.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "model/ip_address.h"

namespace mailslot::os {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

SocketAddress to_socket_address(const Endpoint& endpoint);
Endpoint to_endpoint(const sockaddr* address);  // Family::none if neither IPv4 nor IPv6
in_addr to_in_addr(const IpAddress& address);
in6_addr to_in6_addr(const IpAddress& address);

}  // namespace mailslot::os
