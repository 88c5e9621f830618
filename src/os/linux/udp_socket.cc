#include "os/udp_socket.h"

#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "os/linux/datagram_memory.h"
#include "os/linux/many_messages.h"
#include "os/linux/network_error.h"
#include "os/linux/send_batch.h"
#include "os/linux/socket_address.h"

namespace mailslot::os {
namespace {

using Family = IpAddress::Family;

// Enough for a 1 MiB message in one go, if the system allows that much.
constexpr int kSendBufferBytes = 2 * 1024 * 1024;

timespec to_timespec(std::chrono::nanoseconds time) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
    return {seconds.count(), (time - seconds).count()};
}

bool set_option(int fd, int level, int option, int value) {
    return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

int option_of(int fd, int option) {
    int value = -1;
    socklen_t size = sizeof value;
    return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

Result<GuardedFd> open_socket(Family family) {
    const int domain = family == Family::v4 ? AF_INET : AF_INET6;
    // Guarded: a child of fork that kept the socket would receive the datagrams of a dead process.
    GuardedFd fd = GuardedFd::make(
        [domain] { return socket(domain, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); });
    if (!fd) return network_error("socket", errno);
    if (family == Family::v6 && !set_option(fd.number(), IPPROTO_IPV6, IPV6_V6ONLY, 1)) {
        return network_error("IPV6_V6ONLY", errno);
    }
    // Allows routers to fragment datagrams that are too large for their next link. The ICMP message
    // with the smaller size is often filtered, and few links are too small for 1200 bytes. IPv6
    // guarantees 1280.
    if (family == Family::v4)
        set_option(fd.number(), IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
    return fd;
}

// Receives only groups that this socket itself joined. Otherwise the socket hears every group that
// any program joined.
void hear_own_groups_only(int fd, Family family) {
    if (family == Family::v4) set_option(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
    if (family == Family::v6) set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
}

// Goes past the system's limit if we may, otherwise up to the limit. Receiving works either way.
void set_receive_buffer(int fd, std::size_t bytes) {
    if (bytes == 0) return;
    const int value = static_cast<int>(std::min<std::size_t>(bytes, 1 << 30));
    if (!set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, value)) {
        set_option(fd, SOL_SOCKET, SO_RCVBUF, value);
    }
}

bool tell_interface(int fd, Family family) {
    return family == Family::v4 ? set_option(fd, IPPROTO_IP, IP_PKTINFO, 1)
                                : set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
}

// Returns whether a piece may fail although its datagrams would not: they are larger than the
// path's MTU, the device cannot compute the checksums, or the kernel does not know pieces.
bool refuses_pieces(int os_code) {
    return os_code == EINVAL || os_code == EIO || os_code == EMSGSIZE || os_code == ENOPROTOOPT ||
           os_code == EOPNOTSUPP;
}

}  // namespace

DatagramBatch::DatagramBatch(std::size_t pieces, std::size_t piece_bytes, std::size_t bytes_at_once)
    : memory_(std::make_unique<Memory>(pieces, piece_bytes, bytes_at_once)) {}
DatagramBatch::DatagramBatch(DatagramBatch&&) noexcept = default;
DatagramBatch& DatagramBatch::operator=(DatagramBatch&&) noexcept = default;
DatagramBatch::~DatagramBatch() = default;

bool DatagramBatch::is_full() const { return memory_->came == memory_->asked; }

namespace {

using MemoryInfo = std::array<std::uint32_t, SK_MEMINFO_VARS>;

// Returns zeroes if the system does not tell.
MemoryInfo memory_of(int fd) {
    MemoryInfo info{};
    socklen_t size = sizeof info;
    if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info.data(), &size) != 0) return {};
    return info;
}

bool bind_any(int fd, Family family, std::uint16_t port) {
    const SocketAddress any = to_socket_address({{family, {}, 0}, port});
    return ::bind(fd, reinterpret_cast<const sockaddr*>(&any.storage), any.size) == 0;
}

// The kernel compares these options of both sockets at every bind. SO_REUSEPORT lets in only
// sockets of the same user.
void set_port_use(int fd, PortUse use) {
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, use == PortUse::shared ? 1 : 0);
    set_option(fd, SOL_SOCKET, SO_REUSEPORT, use == PortUse::kept ? 1 : 0);
}

// Binds beside sockets that already share the port, if need be. Later sockets are kept out all the
// same.
bool bind_and_keep(int fd, Family family, std::uint16_t port) {
    if (bind_any(fd, family, port)) return true;
    if (errno != EADDRINUSE || !set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1)) return false;
    const bool is_bound = bind_any(fd, family, port);
    const int os_code = errno;
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 0);
    errno = os_code;
    return is_bound;
}

}  // namespace

Result<UdpSocket> UdpSocket::bind(Family family, std::uint16_t port,
                                  std::size_t receive_buffer_bytes, PortUse use) {
    auto fd = open_socket(family);
    if (!fd) return fd.error();
    set_port_use(fd->number(), use);
    if (!tell_interface(fd->number(), family)) return network_error("IP_PKTINFO", errno);
    set_option(fd->number(), IPPROTO_UDP, UDP_GRO, 1);     // otherwise datagrams come singly
    set_option(fd->number(), SOL_SOCKET, SO_RXQ_OVFL, 1);  // otherwise gaps count as the network's
    hear_own_groups_only(fd->number(), family);
    set_receive_buffer(fd->number(), receive_buffer_bytes);
    const bool is_bound = use == PortUse::kept ? bind_and_keep(fd->number(), family, port)
                                               : bind_any(fd->number(), family, port);
    if (!is_bound) {
        Error error = network_error("bind", errno);
        error.detail = "UDP port " + std::to_string(port);
        return error;
    }
    return UdpSocket(std::move(*fd), family);
}

std::optional<UdpSocket> UdpSocket::adopt(GuardedFd fd, std::uint16_t port,
                                          std::size_t receive_buffer_bytes, PortUse use) {
    const int domain = option_of(fd.number(), SO_DOMAIN);
    if (option_of(fd.number(), SO_PROTOCOL) != IPPROTO_UDP) return std::nullopt;
    if (domain != AF_INET && domain != AF_INET6) return std::nullopt;
    UdpSocket socket(std::move(fd), domain == AF_INET ? Family::v4 : Family::v6);
    if (socket.local_port() != port) return std::nullopt;
    if (use == PortUse::kept) set_port_use(socket.fd_.number(), use);
    set_receive_buffer(socket.fd_.number(), receive_buffer_bytes);
    return socket;
}

Result<UdpSocket> UdpSocket::open_for_sending(Family family, int hop_limit) {
    auto fd = open_socket(family);
    if (!fd) return fd.error();
    const bool limited =
        family == Family::v4
            ? set_option(fd->number(), IPPROTO_IP, IP_MULTICAST_TTL, hop_limit)
            : set_option(fd->number(), IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hop_limit);
    if (!limited) return network_error("hop limit", errno);
    set_option(fd->number(), SOL_SOCKET, SO_SNDBUF,
               kSendBufferBytes);  // as far as the system allows
    return UdpSocket(std::move(*fd), family);
}

bool UdpSocket::keeps_port() const { return option_of(fd_.number(), SO_REUSEADDR) == 0; }

void UdpSocket::allow_broadcast() { set_option(fd_.number(), SOL_SOCKET, SO_BROADCAST, 1); }

// Connects the socket to an address where nobody is, so that it receives nothing: its own address
// is then the loopback's, and only a program at the other address could send to it.
bool UdpSocket::send_from(std::uint16_t port) {
    constexpr std::uint16_t kDiscardPort = 9;
    if (family_ != Family::v4 || !set_option(fd_.number(), SOL_SOCKET, SO_REUSEADDR, 1))
        return false;
    const SocketAddress any = to_socket_address({{family_, {}, 0}, port});
    if (::bind(fd_.number(), reinterpret_cast<const sockaddr*>(&any.storage), any.size) != 0)
        return false;
    const SocketAddress nobody = to_socket_address({IpAddress::v4(127, 0, 0, 1), kDiscardPort});
    return connect(fd_.number(), reinterpret_cast<const sockaddr*>(&nobody.storage), nobody.size) ==
           0;
}

Result<void> UdpSocket::take_port(std::uint16_t wanted) {
    const SocketAddress any = to_socket_address({{family_, {}, 0}, wanted});
    if (::bind(fd_.number(), reinterpret_cast<const sockaddr*>(&any.storage), any.size) == 0)
        return {};
    const int os_code = errno;
    if (wanted != 0) return take_port();
    if (os_code != EADDRINUSE) return network_error("bind", os_code);
    return Error{Errc::no_resources, "bind", os_code,
                 "every local port is in use (end programs that hold UDP ports, or widen "
                 "net.ipv4.ip_local_port_range with sysctl)"};
}

bool UdpSocket::wait_for_datagram(std::chrono::nanoseconds at_most) {
    pollfd entry{fd_.number(), POLLIN, 0};
    const timespec time = to_timespec(at_most);
    return ppoll(&entry, 1, &time, nullptr) > 0;
}

void UdpSocket::wait_for_datagram(std::span<UdpSocket* const> any_of,
                                  std::chrono::nanoseconds at_most) {
    std::vector<pollfd> entries;
    for (const UdpSocket* socket : any_of) entries.push_back({to_number(socket->fd()), POLLIN, 0});
    const timespec time = to_timespec(at_most);
    ppoll(entries.data(), entries.size(), &time, nullptr);
}

void UdpSocket::tell_arrivals() {
    tell_interface(fd_.number(), family_);
    set_option(fd_.number(), SOL_SOCKET, SO_TIMESTAMPNS, 1);
}

// The system's default is 1. Its rules for values out of range are those of the settings.
void UdpSocket::limit_group_hops(int hop_limit) {
    if (family_ == Family::v4) set_option(fd_.number(), IPPROTO_IP, IP_MULTICAST_TTL, hop_limit);
    if (family_ == Family::v6)
        set_option(fd_.number(), IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hop_limit);
}

void UdpSocket::limit_hops(int hop_limit) {
    const int hops = std::max(hop_limit, 1);
    limit_group_hops(hops);
    if (family_ == Family::v4) set_option(fd_.number(), IPPROTO_IP, IP_TTL, hops);
    if (family_ == Family::v6) set_option(fd_.number(), IPPROTO_IPV6, IPV6_UNICAST_HOPS, hops);
}

void UdpSocket::use_all_hops() {
    constexpr int kDefault = -1;
    if (family_ == Family::v4) set_option(fd_.number(), IPPROTO_IP, IP_TTL, kDefault);
    if (family_ == Family::v6) set_option(fd_.number(), IPPROTO_IPV6, IPV6_UNICAST_HOPS, kDefault);
}

std::uint16_t UdpSocket::local_port() const {
    SocketAddress own;
    own.size = sizeof own.storage;
    auto* address = reinterpret_cast<sockaddr*>(&own.storage);
    if (getsockname(fd_.number(), address, &own.size) != 0) return 0;
    return to_endpoint(address).port;
}

Result<void> UdpSocket::join(const IpAddress& group, std::uint32_t interface_index) {
    int failed = 0;
    if (family_ == Family::v4) {
        ip_mreqn request{};
        request.imr_multiaddr = to_in_addr(group);
        request.imr_ifindex = static_cast<int>(interface_index);
        failed = setsockopt(fd_.number(), IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request);
    } else {
        ipv6_mreq request{};
        request.ipv6mr_multiaddr = to_in6_addr(group);
        request.ipv6mr_interface = interface_index;
        failed = setsockopt(fd_.number(), IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof request);
    }
    if (failed != 0 && errno != EADDRINUSE) return network_error("join", errno);
    return {};  // EADDRINUSE: already joined
}

void UdpSocket::leave(const IpAddress& group, std::uint32_t interface_index) {
    // Leaving fails only if the group is not joined.
    if (family_ == Family::v4) {
        ip_mreqn request{};
        request.imr_multiaddr = to_in_addr(group);
        request.imr_ifindex = static_cast<int>(interface_index);
        setsockopt(fd_.number(), IPPROTO_IP, IP_DROP_MEMBERSHIP, &request, sizeof request);
    } else {
        ipv6_mreq request{};
        request.ipv6mr_multiaddr = to_in6_addr(group);
        request.ipv6mr_interface = interface_index;
        setsockopt(fd_.number(), IPPROTO_IPV6, IPV6_LEAVE_GROUP, &request, sizeof request);
    }
}

std::span<const Datagram> UdpSocket::receive(DatagramBatch& batch) {
    DatagramBatch::Memory& memory = *batch.memory_;
    memory.prepare();
    memory.asked = memory.next;
    const int came =
        receive_many(fd_.number(), memory.headers.data(), static_cast<unsigned>(memory.asked));
    // A negative result means that nothing is there. The interface watch reports errors of a link.
    memory.came = static_cast<std::size_t>(std::max(came, 0));
    // The kernel may have begun to fill one more header and then given up.
    memory.used = std::min(memory.came + 1, memory.headers.size());
    memory.expect_the_like();
    memory.datagrams.clear();
    if (memory.came > 0) memory.clocks.look();
    for (std::size_t i = 0; i < memory.came; ++i) memory.split(i);
    return memory.datagrams;
}

// Reads the counter behind SO_RXQ_OVFL, which itself arrives only with the next datagram.
std::uint32_t UdpSocket::kernel_drops() const { return memory_of(fd_.number())[SK_MEMINFO_DROPS]; }

UdpSocket::ReceiveBuffer UdpSocket::receive_buffer() const {
    const MemoryInfo info = memory_of(fd_.number());
    return {info[SK_MEMINFO_RCVBUF], info[SK_MEMINFO_RMEM_ALLOC]};
}

SendOutcome UdpSocket::send(std::span<const Bytes> datagrams, const Endpoint& to,
                            const Outlet& outlet) {
    SocketAddress address = to_socket_address(to);
    SendBatch batch(address, family_, outlet);
    SendOutcome outcome;
    while (outcome.sent < datagrams.size()) {
        const auto rest = datagrams.subspan(outcome.sent);
        batch.fill(rest, sends_pieces_);
        const int sent = batch.send(fd_.number());
        if (sent > 0) {
            outcome.sent += batch.datagrams_in(static_cast<std::size_t>(sent));
        } else if (errno == EINTR) {
            continue;
        } else if (batch.datagrams_in(1) > 1 && refuses_pieces(errno)) {
            sends_pieces_ = false;
        } else {
            outcome.os_code = errno;
            break;
        }
    }
    return outcome;
}

bool passes_by_waiting(int os_code) {
    return os_code == EAGAIN || os_code == EWOULDBLOCK || os_code == ENOBUFS || os_code == ENOMEM;
}

void UdpSocket::wait_for_room(std::span<UdpSocket* const> any_of,
                              std::chrono::milliseconds at_most) {
    std::vector<pollfd> entries;  // ready only if half of the buffer is free
    for (const UdpSocket* socket : any_of) entries.push_back({to_number(socket->fd()), POLLOUT, 0});
    poll(entries.data(), entries.size(), static_cast<int>(at_most.count()));
}

std::size_t UdpSocket::unsent_bytes() const {
    int bytes = 0;
    if (ioctl(fd_.number(), SIOCOUTQ, &bytes) != 0) return 0;
    return static_cast<std::size_t>(std::max(bytes, 0));
}

std::size_t UdpSocket::send_buffer_bytes() const {
    return static_cast<std::size_t>(std::max(option_of(fd_.number(), SO_SNDBUF), 0));
}

// The kernel doubles the value to cover its own overhead.
void UdpSocket::limit_send_buffer(std::size_t bytes) {
    set_option(fd_.number(), SOL_SOCKET, SO_SNDBUF, static_cast<int>(bytes / 2));
}

}  // namespace mailslot::os
