#include "os/look_up_host.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>

#include <memory>
#include <system_error>
#include <thread>
#include <utility>

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

bool run_detached(std::function<void()> work) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);  // the new thread inherits this
    bool started = true;
    try {
        std::thread(std::move(work)).detach();
    } catch (const std::system_error&) {
        started = false;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return started;
}

}  // namespace mailslot::os
