#include "os/udp_socket.h"

#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "os/linux/network_error.h"
#include "os/linux/socket_address.h"

namespace mailslot::os {
namespace {

using Family = IpAddress::Family;

// One sendmmsg call; the kernel's own bound is 1024.
constexpr std::size_t kSendBatch = 64;
// Enough to take a 1 MiB message in one go where the system allows that much.
constexpr int kSendBufferBytes = 2 * 1024 * 1024;
constexpr std::size_t kControlBytes = CMSG_SPACE(sizeof(in6_pktinfo));

bool set_option(int fd, int level, int option, int value) {
    return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

Result<GuardedFd> open_socket(Family family) {
    const int domain = family == Family::v4 ? AF_INET : AF_INET6;
    // A child of fork that kept it would be sent the datagrams of a process that is long dead.
    GuardedFd fd = GuardedFd::make(
        [domain] { return socket(domain, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); });
    if (!fd) return network_error("socket", errno);
    if (family == Family::v6 && !set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1)) {
        return network_error("IPV6_V6ONLY", errno);
    }
    return fd;
}

// Only what this socket itself joined; else it hears every group that any program joined.
void hear_own_groups_only(int fd, Family family) {
    if (family == Family::v4) set_option(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
    if (family == Family::v6) set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
}

// Past the system's limit if we may, up to it if not; either way receiving works.
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

std::uint32_t interface_of(msghdr& header) {
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            in_pktinfo info;
            std::memcpy(&info, CMSG_DATA(c), sizeof info);
            return static_cast<std::uint32_t>(info.ipi_ifindex);
        }
        if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            in6_pktinfo info;
            std::memcpy(&info, CMSG_DATA(c), sizeof info);
            return info.ipi6_ifindex;
        }
    }
    return 0;
}

template <class Info>
void fill_control(msghdr& header, int level, int type, const Info& info) {
    header.msg_controllen = CMSG_SPACE(sizeof info);
    cmsghdr* control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = level;
    control->cmsg_type = type;
    control->cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(control), &info, sizeof info);
}

// Says it in `header`, whose control buffer has kControlBytes.
void choose_outlet(msghdr& header, Family family, const Outlet& outlet) {
    const bool has_source = outlet.source.family == family;
    if (family == Family::v4) {
        in_pktinfo info{};
        info.ipi_ifindex = static_cast<int>(outlet.interface_index);
        if (has_source) info.ipi_spec_dst = to_in_addr(outlet.source);
        fill_control(header, IPPROTO_IP, IP_PKTINFO, info);
    } else {
        in6_pktinfo info{};
        info.ipi6_ifindex = outlet.interface_index;
        if (has_source) info.ipi6_addr = to_in6_addr(outlet.source);
        fill_control(header, IPPROTO_IPV6, IPV6_PKTINFO, info);
    }
}

}  // namespace

struct DatagramBatch::Memory {
    struct Control {
        alignas(cmsghdr) std::array<std::byte, kControlBytes> bytes;
    };
    Memory(std::size_t count, std::size_t each)
        : datagram_bytes(each),
          bytes(std::make_unique_for_overwrite<std::byte[]>(count * each)),
          vectors(count),
          addresses(count),
          controls(count),
          headers(count),
          datagrams(count) {}

    void prepare() {  // the kernel overwrites lengths and flags
        for (std::size_t i = 0; i < headers.size(); ++i) {
            vectors[i] = {bytes.get() + i * datagram_bytes, datagram_bytes};
            msghdr& header = headers[i].msg_hdr;
            header = {};
            header.msg_name = &addresses[i];
            header.msg_namelen = sizeof addresses[i];
            header.msg_iov = &vectors[i];
            header.msg_iovlen = 1;
            header.msg_control = controls[i].bytes.data();
            header.msg_controllen = controls[i].bytes.size();
        }
    }

    std::size_t datagram_bytes;
    std::unique_ptr<std::byte[]> bytes;  // not zeroed: pages that no datagram reaches cost nothing
    std::vector<iovec> vectors;
    std::vector<sockaddr_storage> addresses;
    std::vector<Control> controls;
    std::vector<mmsghdr> headers;
    std::vector<Datagram> datagrams;
};

DatagramBatch::DatagramBatch(std::size_t datagrams, std::size_t datagram_bytes)
    : memory_(std::make_unique<Memory>(datagrams, datagram_bytes)) {}
DatagramBatch::DatagramBatch(DatagramBatch&&) noexcept = default;
DatagramBatch& DatagramBatch::operator=(DatagramBatch&&) noexcept = default;
DatagramBatch::~DatagramBatch() = default;

std::size_t DatagramBatch::capacity() const { return memory_->headers.size(); }

Result<UdpSocket> UdpSocket::bind(Family family, std::uint16_t port,
                                  std::size_t receive_buffer_bytes) {
    auto fd = open_socket(family);
    if (!fd) return fd.error();
    if (!set_option(fd->get(), SOL_SOCKET, SO_REUSEADDR, 1)) {
        return network_error("SO_REUSEADDR", errno);
    }
    if (!tell_interface(fd->get(), family)) return network_error("IP_PKTINFO", errno);
    hear_own_groups_only(fd->get(), family);
    set_receive_buffer(fd->get(), receive_buffer_bytes);
    const SocketAddress any = to_socket_address({{family, {}, 0}, port});
    if (::bind(fd->get(), reinterpret_cast<const sockaddr*>(&any.storage), any.size) != 0) {
        Error error = network_error("bind", errno);
        error.detail = "UDP port " + std::to_string(port);
        return error;
    }
    return UdpSocket(std::move(*fd), family);
}

Result<UdpSocket> UdpSocket::open_for_sending(Family family, int hop_limit) {
    auto fd = open_socket(family);
    if (!fd) return fd.error();
    const bool limited = family == Family::v4
                             ? set_option(fd->get(), IPPROTO_IP, IP_MULTICAST_TTL, hop_limit)
                             : set_option(fd->get(), IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hop_limit);
    if (!limited) return network_error("hop limit", errno);
    set_option(fd->get(), SOL_SOCKET, SO_SNDBUF, kSendBufferBytes);  // as far as the system allows
    return UdpSocket(std::move(*fd), family);
}

std::uint16_t UdpSocket::local_port() const {
    SocketAddress own;
    own.size = sizeof own.storage;
    auto* address = reinterpret_cast<sockaddr*>(&own.storage);
    if (getsockname(fd(), address, &own.size) != 0) return 0;
    return to_endpoint(address).port;
}

Result<void> UdpSocket::join(const IpAddress& group, std::uint32_t interface_index) {
    int failed = 0;
    if (family_ == Family::v4) {
        ip_mreqn request{};
        request.imr_multiaddr = to_in_addr(group);
        request.imr_ifindex = static_cast<int>(interface_index);
        failed = setsockopt(fd(), IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request);
    } else {
        ipv6_mreq request{};
        request.ipv6mr_multiaddr = to_in6_addr(group);
        request.ipv6mr_interface = interface_index;
        failed = setsockopt(fd(), IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof request);
    }
    if (failed != 0 && errno != EADDRINUSE) return network_error("join", errno);
    return {};  // EADDRINUSE: joined before
}

void UdpSocket::leave(const IpAddress& group, std::uint32_t interface_index) {
    // Fails only where there is nothing to leave.
    if (family_ == Family::v4) {
        ip_mreqn request{};
        request.imr_multiaddr = to_in_addr(group);
        request.imr_ifindex = static_cast<int>(interface_index);
        setsockopt(fd(), IPPROTO_IP, IP_DROP_MEMBERSHIP, &request, sizeof request);
    } else {
        ipv6_mreq request{};
        request.ipv6mr_multiaddr = to_in6_addr(group);
        request.ipv6mr_interface = interface_index;
        setsockopt(fd(), IPPROTO_IPV6, IPV6_LEAVE_GROUP, &request, sizeof request);
    }
}

std::span<const Datagram> UdpSocket::receive(DatagramBatch& batch) {
    DatagramBatch::Memory& memory = *batch.memory_;
    memory.prepare();
    const auto room = static_cast<unsigned>(memory.headers.size());
    const int came = recvmmsg(fd(), memory.headers.data(), room, MSG_DONTWAIT, nullptr);
    if (came <= 0) return {};  // nothing there; an error of the link shows in the watch, not here
    for (std::size_t i = 0; i < static_cast<std::size_t>(came); ++i) {
        mmsghdr& header = memory.headers[i];
        memory.datagrams[i] = {
            .bytes = Bytes(memory.bytes.get() + i * memory.datagram_bytes, header.msg_len),
            .from = to_endpoint(reinterpret_cast<const sockaddr*>(&memory.addresses[i])),
            .interface_index = interface_of(header.msg_hdr),
            .cut = (header.msg_hdr.msg_flags & MSG_TRUNC) != 0,
        };
    }
    return std::span(memory.datagrams).first(static_cast<std::size_t>(came));
}

std::uint32_t UdpSocket::kernel_drops() const {
    // The counter behind SO_RXQ_OVFL, which would tell it only with the next datagram to come.
    std::array<std::uint32_t, SK_MEMINFO_VARS> info{};
    socklen_t size = sizeof info;
    if (getsockopt(fd(), SOL_SOCKET, SO_MEMINFO, info.data(), &size) != 0) return 0;
    return info[SK_MEMINFO_DROPS];
}

SendOutcome UdpSocket::send(std::span<const Bytes> datagrams, const Endpoint& to,
                            const Outlet& outlet) {
    SocketAddress address = to_socket_address(to);
    alignas(cmsghdr) std::array<std::byte, kControlBytes> control{};
    msghdr common{};
    common.msg_name = &address.storage;
    common.msg_namelen = address.size;
    common.msg_iovlen = 1;
    if (outlet.interface_index != 0) {
        common.msg_control = control.data();
        common.msg_controllen = control.size();
        choose_outlet(common, family_, outlet);
    }
    std::array<iovec, kSendBatch> vectors;
    std::array<mmsghdr, kSendBatch> headers;
    SendOutcome outcome;
    while (outcome.sent < datagrams.size()) {
        const std::size_t count = std::min(kSendBatch, datagrams.size() - outcome.sent);
        for (std::size_t i = 0; i < count; ++i) {
            const Bytes bytes = datagrams[outcome.sent + i];
            vectors[i] = {const_cast<std::byte*>(bytes.data()), bytes.size()};
            headers[i] = {common, 0};
            headers[i].msg_hdr.msg_iov = &vectors[i];
        }
        const int sent = sendmmsg(fd(), headers.data(), static_cast<unsigned>(count), MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) {
            outcome.os_code = errno;
            break;
        }
        outcome.sent += static_cast<std::size_t>(sent);
    }
    return outcome;
}

bool passes_by_waiting(int os_code) {
    return os_code == EAGAIN || os_code == EWOULDBLOCK || os_code == ENOBUFS || os_code == ENOMEM;
}

void UdpSocket::wait_for_room(std::chrono::milliseconds at_most) {
    pollfd entry{fd(), POLLOUT, 0};  // says yes only when half of the buffer is free
    poll(&entry, 1, static_cast<int>(at_most.count()));
}

}  // namespace mailslot::os
