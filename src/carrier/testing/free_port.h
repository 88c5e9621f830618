// Returns a UDP port that no other test uses.
#pragma once

#include <cstdint>

#include "os/udp_socket.h"

namespace mailslot {

inline std::uint16_t free_port() {
    auto socket = os::UdpSocket::bind(IpAddress::Family::v4, 0, 0);
    return socket.value().local_port();
}

}  // namespace mailslot
