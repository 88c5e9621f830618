// UDP over one address family, a batch of datagrams a call; never blocks.
// Threads: one at a time, but for kernel_drops().
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "mailslot/result.h"
#include "model/ip_address.h"
#include "os/fork_guard.h"

namespace mailslot::os {

struct Datagram {
    std::span<std::byte> bytes;     // the batch's, to do with as one likes
    IpAddress to;                   // as the IP header has it: this machine's address, or the group
    Endpoint from;                  // with the scope of a link-local v6 address
    std::uint32_t interface_index;  // where it came in; of this machine's own: the loopback's
    bool cut;                       // larger than the batch has room for; `bytes` is its beginning
    // What the kernel had dropped at this socket when this came to it; goes round after 2^32.
    std::uint32_t kernel_drops;
};

// Where received datagrams are put; kept by the caller, so that receiving allocates nothing but, at
// first, room for what it tells of each. A piece is a datagram, or up to 128 datagrams of one size
// (the last may be shorter) from one sender that the kernel kept together (UDP_GRO).
class DatagramBatch {
public:
    // A datagram over `piece_bytes` is cut. Pieces of several datagrams have up to 64 KiB. A
    // receive() takes fewer pieces than there is room for where these would have more than
    // `bytes_at_once`, if they are like the ones before.
    DatagramBatch(std::size_t pieces, std::size_t piece_bytes,
                  std::size_t bytes_at_once = std::numeric_limits<std::size_t>::max());
    DatagramBatch(DatagramBatch&&) noexcept;
    DatagramBatch& operator=(DatagramBatch&&) noexcept;
    ~DatagramBatch();

    bool is_full() const;  // the last receive() took all it could: more may be waiting

private:
    friend class UdpSocket;
    struct Memory;
    std::unique_ptr<Memory> memory_;
};

// By which interface to send, and from which of its addresses. 0 and Family::none: the system
// decides.
struct Outlet {
    std::uint32_t interface_index = 0;
    IpAddress source{};
};

// One piece of several datagrams: the kernel takes 64 of them on every version that takes any, and
// with headers they have to fit an IP packet.
inline constexpr std::size_t kPieceDatagrams = 64;
inline constexpr std::size_t kPieceBytes = 65000;

// How far a send came: the first `sent` datagrams; the next failed with `os_code`, 0 if there was
// none.
struct SendOutcome {
    std::size_t sent = 0;
    int os_code = 0;
};

// Whether a send that failed with `os_code` may succeed a little later: buffers were full.
bool passes_by_waiting(int os_code);

// Who may have the port besides. Linux gives what is sent to an address to one socket alone, the
// one that was bound last or to fewer addresses, whoever's it is.
enum class PortUse : std::uint8_t {
    shared,  // who asks to share it (SO_REUSEADDR), of whatever user
    kept,    // further sockets of this user that ask to keep it, and who shared it before
};

class UdpSocket {
public:
    // Receives on `port` (0: any free one) of every address of the family, and of the groups that
    // it joins, no other's. Errors: port_taken, no_permission, no_resources; unreachable, where the
    // system lacks the family.
    static Result<UdpSocket> bind(IpAddress::Family family, std::uint16_t port,
                                  std::size_t receive_buffer_bytes, PortUse use = PortUse::shared);
    // Sends from a port that the kernel picks. `hop_limit` is of datagrams to groups; to one
    // address the system's holds. Errors: as bind's.
    static Result<UdpSocket> open_for_sending(IpAddress::Family family, int hop_limit);

    // One that another process bound to that port and handed over, with the groups that it joined,
    // and the way back. What kept the port goes on to. No value: it is none.
    static std::optional<UdpSocket> adopt(GuardedFd fd, std::uint16_t port,
                                          std::size_t receive_buffer_bytes,
                                          PortUse use = PortUse::shared);
    GuardedFd release() { return std::move(fd_); }

    IpAddress::Family family() const { return family_; }
    int fd() const { return fd_.get(); }
    std::uint16_t local_port() const;
    bool keeps_port() const;

    // Takes a local port now, so that a want of ports shows here and not at the first send.
    // Errors: no_resources.
    Result<void> take_port();

    // Datagrams to broadcast addresses may leave by it.
    void allow_broadcast();
    // Sends from `port` from now on, where this process may have it and whoever has it shares it.
    // What comes to that port still goes to others; for this, sends need an outlet. False: it may
    // not, and nothing has changed.
    bool send_from(std::uint16_t port);
    // Whether one came within that time.
    bool wait_for_datagram(std::chrono::milliseconds at_most);

    // How far datagrams to groups go; limit_hops: those to one address as well, and 1 at least.
    void limit_group_hops(int hop_limit);
    void limit_hops(int hop_limit);

    // Errors: no_resources, when this socket can join no more (20 of IPv4 on stock Linux): a
    // further socket can; unreachable, when the interface cannot take part.
    Result<void> join(const IpAddress& group, std::uint32_t interface_index);
    void leave(const IpAddress& group, std::uint32_t interface_index);

    // What is there, at most as many pieces as the batch holds; each datagram by itself. Valid
    // until the batch is used again.
    std::span<const Datagram> receive(DatagramBatch& batch);
    // Pieces that the kernel dropped at this socket so far, most of them for want of room.
    // Threads: any.
    std::uint32_t kernel_drops() const;

    // Sends as many as the kernel takes now. Several of one size that follow each other (the last
    // may be shorter) are one piece to it (UDP_SEGMENT) until it refuses such a piece; from then on
    // each of this socket's datagrams goes by itself.
    SendOutcome send(std::span<const Bytes> datagrams, const Endpoint& to,
                     const Outlet& outlet = {});
    // Waits at most so long for one of the sockets' buffers to get room.
    static void wait_for_room(std::span<UdpSocket* const> any_of,
                              std::chrono::milliseconds at_most);

    // Memory of datagrams that were sent and have not left this machine, with the kernel's own
    // share: they are in a queue of the interface, or wait until the neighbour's address is known.
    std::size_t unsent_bytes() const;
    // The most that unsent_bytes() may be for a further datagram to be taken.
    std::size_t send_buffer_bytes() const;
    void limit_send_buffer(std::size_t bytes);

private:
    UdpSocket(GuardedFd fd, IpAddress::Family family) : fd_(std::move(fd)), family_(family) {}

    GuardedFd fd_;
    IpAddress::Family family_;
    bool sends_pieces_ = true;  // the kernel has not refused one
};

}  // namespace mailslot::os
