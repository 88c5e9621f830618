// Unix sockets of whole packets (SOCK_SEQPACKET) that carry descriptors and tell who is at the
// other end.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "mailslot/mailslot.h"
#include "os/fork_guard.h"
#include "os/futex.h"

namespace mailslot::os {

inline constexpr std::size_t kMaxPacketBytes = 16 * 1024;
inline constexpr std::size_t kMaxPacketFds = 4;  // that we send

struct Packet {
    std::vector<std::byte> bytes;  // empty: the other end is gone
    // All that came along. From a stranger: to be closed by a Closer.
    std::vector<UniqueFd> fds;
};

struct PeerIdentity {
    static constexpr std::uint32_t kNobody = ~std::uint32_t{0};  // no user has this number
    std::int64_t pid = 0;
    std::uint32_t uid = kNobody, gid = kNobody;
    std::vector<std::uint32_t> groups;  // further groups; SO_PEERGROUPS
};

// All of them close in a forked child.
// Errors: no_permission, no_resources.
Result<GuardedFd> listen_local(const std::string& path, unsigned mode);
// os_code ECONNREFUSED or ENOENT: nobody listens there (any more).
// Errors: no_such_slot (these two), no_permission, no_resources.
Result<GuardedFd> connect_local(const std::string& path);
// Whether some process listens at a path of that name, in this or another file system; without
// connecting, which might start one.
bool is_listened_at(const std::string& path);
// Whether it is one that accept_local() takes, opened by another program. It does not block then.
bool is_listener(const GuardedFd& fd);
// Of one that another process has made for us: those who connect are told that we listen there.
bool listen_again(const GuardedFd& fd);
// From now on nobody can send descriptors to this socket, nor to those that connect to it if it
// listens. False: the system cannot do that (Linux before 6.16).
bool refuse_descriptors(int fd);
// Takes one waiting connection; no descriptor: none waits. It does not block when read.
GuardedFd accept_local(int listener);
inline GuardedFd accept_local(const GuardedFd& listener) { return accept_local(listener.get()); }

// Never waits for the other end: a peer that does not read gets an error. Errors: no_resources,
// closed.
Result<void> send_packet(int fd, Bytes bytes, std::span<const int> fds = {});
// Waits for the other end to read what it was sent before. Errors: as above, timed_out.
Result<void> send_packet_within(int fd, Bytes bytes, std::span<const int> fds, Deadline deadline);
// Errors: timed_out (at once, with a deadline in the past), closed, interrupted.
Result<Packet> receive_packet(int fd, Deadline deadline, Interrupted interrupted = nullptr);

// The same where what comes must close in a forked child.
struct GuardedPacket {
    std::vector<std::byte> bytes;
    std::vector<GuardedFd> fds;
};
Result<GuardedPacket> receive_guarded(int fd, Deadline deadline);

PeerIdentity peer_identity(int fd);

// Whether the other end is a process of this one's user. From others, and be it to root, no event
// is taken, and none given: whether an eventfd or a pipe blocks is a matter of all who have it
// (O_NONBLOCK belongs to the open file), so one in a stranger's hands could hold up who writes to
// it. Strangers ask each other to ring.
bool shares_events(int fd);

}  // namespace mailslot::os
