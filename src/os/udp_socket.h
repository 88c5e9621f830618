// UDP over an address family, many datagrams a call; never blocks.
// Threads: one at a time, except kernel_drops()
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
    std::span<std::byte> bytes;     // in the batch's memory; the caller may change them
    IpAddress to;                   // as in the IP header: this machine's address, or the group
    Endpoint from;                  // with the scope of a link-local v6 address
    std::uint32_t interface_index;  // incoming interface; own datagrams: the loopback
    bool cut;                       // too large for the batch; `bytes` holds the beginning
    // Pieces that the kernel had dropped at this socket when this datagram came; wraps after 2^32.
    std::uint32_t kernel_drops;
    // When the datagram came to this machine; when it was read, unless tell_arrivals() was called.
    std::chrono::steady_clock::time_point came_at;
};

// Memory for received datagrams. The caller keeps it, so that receiving allocates nothing except,
// at first, room for the descriptions. A piece is a datagram, or up to 128 datagrams of equal size
// (the last may be shorter) from the same sender that the kernel kept together (UDP_GRO).
class DatagramBatch {
public:
    // A datagram over `piece_bytes` is cut. A piece of several datagrams may have up to 64 KiB.
    // receive() takes fewer pieces than there is room for if pieces as large as the previous ones
    // would exceed `bytes_at_once`.
    DatagramBatch(std::size_t pieces, std::size_t piece_bytes,
                  std::size_t bytes_at_once = std::numeric_limits<std::size_t>::max());
    DatagramBatch(DatagramBatch&&) noexcept;
    DatagramBatch& operator=(DatagramBatch&&) noexcept;
    ~DatagramBatch();

    bool is_full() const;  // the last receive() took all that it asked for: more may be waiting

private:
    friend class UdpSocket;
    struct Memory;
    std::unique_ptr<Memory> memory_;
};

// The interface to send by, and which of its addresses to send from. The system decides for 0 and
// Family::none.
struct Outlet {
    std::uint32_t interface_index = 0;
    IpAddress source{};
};

// Limits of a piece of several datagrams. Every kernel that knows pieces takes 64 datagrams. With
// their headers they have to fit an IP packet.
inline constexpr std::size_t kPieceDatagrams = 64;
inline constexpr std::size_t kPieceBytes = 65000;

// How far a send came: the kernel took the first `sent` datagrams, and refused the next with
// `os_code`. 0 if none was refused.
struct SendOutcome {
    std::size_t sent = 0;
    int os_code = 0;
};

// Returns whether a send that failed with `os_code` may succeed a little later: buffers were full.
bool passes_by_waiting(int os_code);

// Which other sockets may have the port. Linux gives datagrams for a single address to only one
// socket, of whatever user: the one bound last or to fewer addresses.
enum class PortUse : std::uint8_t {
    shared,  // any socket that asks to share (SO_REUSEADDR), of any user
    kept,    // this user's sockets that ask to keep the port, and earlier sharers
};

class UdpSocket {
public:
    // Receives on `port` (0: any free one) of every address of the family, and of the groups that
    // this socket itself joins.
    // Errors: port_taken, no_permission, no_resources; unreachable if the system lacks the family
    static Result<UdpSocket> bind(IpAddress::Family family, std::uint16_t port,
                                  std::size_t receive_buffer_bytes, PortUse use = PortUse::shared);
    // Sends from a port that the kernel picks. `hop_limit` is for datagrams to groups; the system's
    // limit holds for datagrams to a single address.
    // Errors: as bind's
    static Result<UdpSocket> open_for_sending(IpAddress::Family family, int hop_limit);

    // Takes a socket that another process bound to that port and handed over, with the groups that
    // it joined. The socket keeps the port if the other process did. Returns nullopt if `fd` is no
    // such socket. release() is the way back.
    static std::optional<UdpSocket> adopt(GuardedFd fd, std::uint16_t port,
                                          std::size_t receive_buffer_bytes,
                                          PortUse use = PortUse::shared);
    GuardedFd release() { return std::move(fd_); }

    IpAddress::Family family() const { return family_; }
    Handle fd() const { return fd_.get(); }
    std::uint16_t local_port() const;
    bool keeps_port() const;

    // Takes a local port at once, so that a shortage of ports shows here and not at the first send:
    // `wanted` if it is free, otherwise any.
    // Errors: no_resources
    Result<void> take_port(std::uint16_t wanted = 0);

    // Allows datagrams to broadcast addresses.
    void allow_broadcast();
    // Sends from `port` from now on, if this process may have it and its other holders share it.
    // Datagrams that come to that port still go to the others; for this, sends need an outlet.
    // Returns false if `port` cannot be had; nothing has changed then.
    bool send_from(std::uint16_t port);
    // Waits for a datagram. Returns false if none came in time.
    bool wait_for_datagram(std::chrono::nanoseconds at_most);
    // Waits for a datagram at any of the sockets.
    static void wait_for_datagram(std::span<UdpSocket* const> any_of,
                                  std::chrono::nanoseconds at_most);
    // From now on datagrams say to which address and when they came.
    void tell_arrivals();

    // Limits how far datagrams to groups go. limit_hops() limits those to single addresses as well,
    // to at least 1 hop.
    void limit_group_hops(int hop_limit);
    void limit_hops(int hop_limit);
    // Lets datagrams to single addresses go as far as the system's own limit.
    void use_all_hops();

    // Errors: no_resources if this socket can join no more groups (20 of IPv4 on stock Linux):
    // another socket can; unreachable if the interface cannot take part
    Result<void> join(const IpAddress& group, std::uint32_t interface_index);
    void leave(const IpAddress& group, std::uint32_t interface_index);

    // Takes the datagrams that are there, at most as many pieces as the batch holds, each datagram
    // by itself. Valid until the batch is used again.
    std::span<const Datagram> receive(DatagramBatch& batch);
    // Memory of the datagrams that wait to be received, with the kernel's overhead, and its limit.
    struct ReceiveBuffer {
        std::uint32_t bytes = 0, used = 0;
    };
    ReceiveBuffer receive_buffer() const;
    // Returns how many pieces the kernel has dropped at this socket, most of them for want of room.
    // Threads: any
    std::uint32_t kernel_drops() const;

    // Sends as many datagrams as the kernel takes now. Hands datagrams of equal size that follow
    // each other (the last may be shorter) to the kernel as a piece (UDP_SEGMENT). If the kernel
    // refuses a piece, all later datagrams of this socket go singly.
    SendOutcome send(std::span<const Bytes> datagrams, const Endpoint& to,
                     const Outlet& outlet = {});
    // Waits until any of the sockets' buffers has room, at most `at_most`.
    static void wait_for_room(std::span<UdpSocket* const> any_of,
                              std::chrono::milliseconds at_most);

    // Memory of datagrams that were sent but have not left this machine, with the kernel's
    // overhead. They are in a queue of the interface, or wait until the neighbour's address is
    // known.
    std::size_t unsent_bytes() const;
    // The limit of unsent_bytes() above which no further datagram is taken.
    std::size_t send_buffer_bytes() const;
    void limit_send_buffer(std::size_t bytes);

private:
    UdpSocket(GuardedFd fd, IpAddress::Family family) : fd_(std::move(fd)), family_(family) {}

    GuardedFd fd_;
    IpAddress::Family family_;
    bool sends_pieces_ = true;  // the kernel has not refused a piece
};

}  // namespace mailslot::os
