// Descriptors that travel with a packet of a Unix socket (unix(7), SCM_RIGHTS).
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <span>

#include "os/handle.h"

namespace mailslot::os {

// Room for the descriptors of a packet, aligned as the kernel wants.
template <std::size_t Most>
union ControlBuffer {
    cmsghdr header;
    std::array<char, CMSG_SPACE(sizeof(int) * Most)> bytes;
};

// Attaches at most `Most` descriptors. The message uses the buffer until sent.
template <std::size_t Most>
void attach(msghdr& message, ControlBuffer<Most>& control, std::span<const Handle> fds) {
    static_assert(sizeof(Handle) == sizeof(int));
    if (fds.empty()) return;
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
}

}  // namespace mailslot::os
