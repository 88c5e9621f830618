#include "os/linux/socket_address.h"

#include <cstring>

namespace mailslot::os {

in_addr to_in_addr(const IpAddress& address) {
    in_addr out{};
    std::memcpy(&out, address.octets.data(), sizeof out);
    return out;
}

in6_addr to_in6_addr(const IpAddress& address) {
    in6_addr out{};
    std::memcpy(&out, address.octets.data(), sizeof out);
    return out;
}

SocketAddress to_socket_address(const Endpoint& endpoint) {
    SocketAddress out;
    if (endpoint.address.family == IpAddress::Family::v4) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(endpoint.port);
        v4.sin_addr = to_in_addr(endpoint.address);
        std::memcpy(&out.storage, &v4, sizeof v4);
        out.size = sizeof v4;
    } else {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(endpoint.port);
        v6.sin6_addr = to_in6_addr(endpoint.address);
        v6.sin6_scope_id = endpoint.address.scope_id;
        std::memcpy(&out.storage, &v6, sizeof v6);
        out.size = sizeof v6;
    }
    return out;
}

Endpoint to_endpoint(const sockaddr* address) {
    Endpoint out;
    if (address == nullptr) return out;
    if (address->sa_family == AF_INET) {
        sockaddr_in v4;
        std::memcpy(&v4, address, sizeof v4);
        out.address.family = IpAddress::Family::v4;
        std::memcpy(out.address.octets.data(), &v4.sin_addr, sizeof v4.sin_addr);
        out.port = ntohs(v4.sin_port);
    } else if (address->sa_family == AF_INET6) {
        sockaddr_in6 v6;
        std::memcpy(&v6, address, sizeof v6);
        out.address.family = IpAddress::Family::v6;
        std::memcpy(out.address.octets.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
        out.address.scope_id = v6.sin6_scope_id;
        out.port = ntohs(v6.sin6_port);
    }
    return out;
}

}  // namespace mailslot::os
