#include "os/look_up_host.h"

#include <netdb.h>

#include <memory>

#include "os/linux/socket_address.h"

namespace mailslot::os {

std::vector<IpAddress> look_up_host(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_DGRAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* raw = nullptr;
    if (getaddrinfo(host.c_str(), nullptr, &hints, &raw) != 0) return {};
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> entries(raw, &freeaddrinfo);
    std::vector<IpAddress> addresses;
    for (const addrinfo* e = raw; e != nullptr; e = e->ai_next) {
        const IpAddress address = to_endpoint(e->ai_addr).address;
        if (address.family != IpAddress::Family::none) addresses.push_back(address);
    }
    return addresses;
}

}  // namespace mailslot::os
