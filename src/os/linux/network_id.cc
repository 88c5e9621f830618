#include "os/network_id.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include "os/fd.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71  // Linux 5.14
#endif

namespace mailslot::os {

NetworkId own_network() {
    NetworkId network;
    // Unix sockets have the cookie too. No sandbox in which this project works forbids them.
    const UniqueFd probe(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    socklen_t size = sizeof network.cookie;
    if (!probe ||
        getsockopt(probe.number(), SOL_SOCKET, SO_NETNS_COOKIE, &network.cookie, &size) != 0) {
        network.cookie = 0;
    }
    struct stat status {};
    if (stat("/proc/thread-self/ns/net", &status) == 0) network.inode = status.st_ino;
    return network;
}

}  // namespace mailslot::os
