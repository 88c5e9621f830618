// Unix sockets of whole packets (SOCK_SEQPACKET). They carry descriptors and tell which process is
// at the other end.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "mailslot/types.h"
#include "os/fork_guard.h"
#include "os/futex.h"

namespace mailslot::os {

inline constexpr std::size_t kMaxPacketBytes = 16 * 1024;
inline constexpr std::size_t kMaxPacketFds = 4;  // in a packet that we send

struct Packet {
    std::vector<std::byte> bytes;  // empty: the other end is gone
    // All descriptors that came along. Descriptors from a stranger must be closed by a Closer.
    std::vector<UniqueFd> fds;
};

struct PeerIdentity {
    static constexpr std::uint32_t kNobody = ~std::uint32_t{0};  // no user has this number
    std::int64_t pid = 0;
    std::uint32_t uid = kNobody, gid = kNobody;
    std::vector<std::uint32_t> groups;  // further groups; SO_PEERGROUPS
};

// Listens at a path. Like all sockets below, the socket is closed in a forked child.
// Errors: no_permission, no_resources
Result<GuardedFd> listen_local(const std::string& path, unsigned mode);
// Connects to a listener. os_code is ECONNREFUSED or ENOENT if no process listens there.
// Errors: no_such_slot (those two), no_permission, no_resources
Result<GuardedFd> connect_local(const std::string& path);
// Returns whether a process listens at a path of that name, in this or another file system. Does
// not connect, because that might start a process.
bool is_listened_at(const std::string& path);
// Returns whether accept_local() can take connections from `fd`, a socket that another program
// opened. If so, makes it non-blocking.
bool is_listener(const GuardedFd& fd);
// Begins to listen on a socket that another process made for us. Whoever connects is then told that
// this process listens.
bool listen_again(const GuardedFd& fd);
// Stops anybody from sending descriptors to this socket, and to its connections if it listens.
// Returns false if the system cannot do that (Linux before 6.16).
bool refuse_descriptors(Handle fd);
// Takes a waiting connection, which does not block when read. Returns no descriptor if none waits.
GuardedFd accept_local(Handle listener);
inline GuardedFd accept_local(const GuardedFd& listener) { return accept_local(listener.get()); }

// Never waits for the other end: returns an error if a peer does not read.
// Errors: no_resources, closed
Result<void> send_packet(Handle fd, Bytes bytes, std::span<const Handle> fds = {});
// Waits until the other end has read enough of the earlier packets.
// Errors: as send_packet's, timed_out
Result<void> send_packet_within(Handle fd, Bytes bytes, std::span<const Handle> fds,
                                Deadline deadline);
// Errors: timed_out (at once if the deadline is past), closed, interrupted
Result<Packet> receive_packet(Handle fd, Deadline deadline, Interrupted interrupted = nullptr);

// A packet whose descriptors are closed in a forked child.
struct GuardedPacket {
    std::vector<std::byte> bytes;
    std::vector<GuardedFd> fds;
};
Result<GuardedPacket> receive_guarded(Handle fd, Deadline deadline);

PeerIdentity peer_identity(Handle fd);

// Returns whether the other end is a process of this user. Events (eventfds, pipes) are neither
// taken from nor given to processes of other users, not even root: O_NONBLOCK belongs to the open
// file, so a stranger that holds an event could make a write to it block. Strangers ask each other
// to ring.
bool shares_events(Handle fd);

}  // namespace mailslot::os
