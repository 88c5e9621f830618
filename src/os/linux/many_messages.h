// recvmmsg(2) and sendmmsg(2), message by message if a sandbox forbids these calls or the system
// lacks them (gVisor). Otherwise such a socket would stay readable for ever, and nothing would be
// read.
#pragma once

#include <sys/socket.h>

#include <cerrno>

namespace mailslot::os {

inline bool is_forbidden_call(int os_code) { return os_code == ENOSYS || os_code == EPERM; }

// `one` is recvmsg or sendmsg. Returns the number of messages, or -1 if the first failed, like the
// system's calls.
template <class One>
int one_by_one(mmsghdr* headers, unsigned count, One one) {
    unsigned done = 0;
    for (; done < count; ++done) {
        const ssize_t size = one(&headers[done].msg_hdr);
        if (size < 0) break;
        headers[done].msg_len = static_cast<unsigned>(size);
    }
    return done > 0 || count == 0 ? static_cast<int>(done) : -1;
}

inline int receive_many(int fd, mmsghdr* headers, unsigned count) {
    const int came = recvmmsg(fd, headers, count, MSG_DONTWAIT, nullptr);
    if (came >= 0 || !is_forbidden_call(errno)) return came;
    return one_by_one(headers, count,
                      [fd](msghdr* header) { return recvmsg(fd, header, MSG_DONTWAIT); });
}

// A firewall returns EPERM too, and then returns EPERM for the single message as well.
inline int send_many(int fd, mmsghdr* headers, unsigned count) {
    const int sent = sendmmsg(fd, headers, count, MSG_DONTWAIT);
    if (sent >= 0 || !is_forbidden_call(errno)) return sent;
    return one_by_one(headers, count,
                      [fd](msghdr* header) { return sendmsg(fd, header, MSG_DONTWAIT); });
}

}  // namespace mailslot::os
