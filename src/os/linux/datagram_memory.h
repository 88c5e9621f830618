// Memory of received datagrams, and what the kernel tells about each. For udp_socket.cc alone.
#pragma once

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "model/ip_address.h"
#include "os/linux/send_batch.h"
#include "os/linux/socket_address.h"
#include "os/udp_socket.h"

namespace mailslot::os {

template <class Info>
Info info_in(const cmsghdr* control) {
    Info info;
    std::memcpy(&info, CMSG_DATA(control), sizeof info);
    return info;
}

// The kernel's description of a piece.
struct Arrival {
    std::uint32_t interface_index = 0;
    IpAddress to{};
    std::size_t datagram_bytes = 0;  // size of each but the last; 0 for a single datagram
    std::uint32_t kernel_drops = 0;  // the kernel reports no count before the first drop
    std::optional<std::chrono::nanoseconds> came_at{};  // Unix time
};

inline Arrival arrival_of(msghdr& header) {
    Arrival arrival;
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            const auto info = info_in<in_pktinfo>(c);
            arrival.interface_index = static_cast<std::uint32_t>(info.ipi_ifindex);
            arrival.to.family = IpAddress::Family::v4;
            std::memcpy(arrival.to.octets.data(), &info.ipi_addr, sizeof info.ipi_addr);
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            const auto info = info_in<in6_pktinfo>(c);
            arrival.interface_index = info.ipi6_ifindex;
            arrival.to.family = IpAddress::Family::v6;
            std::memcpy(arrival.to.octets.data(), &info.ipi6_addr, sizeof info.ipi6_addr);
        } else if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
            arrival.datagram_bytes = static_cast<std::size_t>(std::max(info_in<int>(c), 0));
        } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
            arrival.kernel_drops = info_in<std::uint32_t>(c);
        } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            const auto time = info_in<timespec>(c);
            arrival.came_at =
                std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
        }
    }
    return arrival;
}

// The steady clock beside the wall clock, by which the kernel tells times of arrival.
class Clocks {
public:
    using Instant = std::chrono::steady_clock::time_point;

    // This thread may lose its processor between two looks: then looks again.
    void look() {
        constexpr std::chrono::microseconds kClose{5};
        for (int tries = 0; tries < 3; ++tries) {
            now_ = std::chrono::steady_clock::now();
            unix_ = std::chrono::system_clock::now().time_since_epoch();
            if (std::chrono::steady_clock::now() - now_ < kClose) break;
        }
    }
    // A time that makes no sense, because the wall clock was set, becomes now.
    Instant steady(std::optional<std::chrono::nanoseconds> unix_time) const {
        constexpr std::chrono::seconds kLongestWait{60};
        if (!unix_time) return now_;
        const std::chrono::nanoseconds age = unix_ - *unix_time;
        return age > age.zero() && age < kLongestWait ? now_ - age : now_;
    }

private:
    Instant now_{};
    std::chrono::nanoseconds unix_{};
};

struct DatagramBatch::Memory {
    Memory(std::size_t count, std::size_t each, std::size_t at_once)
        : piece_bytes(each),
          bytes_at_once(at_once),
          bytes(std::make_unique_for_overwrite<std::byte[]>(count * each)),
          vectors(count),
          addresses(count),
          controls(count),
          headers(count),
          used(count),
          next(pieces_of(each)) {}

    // Resets the used headers: the kernel overwrites the lengths and flags of those that it fills.
    void prepare() {
        for (std::size_t i = 0; i < used; ++i) {
            vectors[i] = {bytes.get() + i * piece_bytes, piece_bytes};
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

    std::size_t pieces_of(std::size_t size) const {
        return std::clamp<std::size_t>(bytes_at_once / std::max<std::size_t>(size, 1), 1,
                                       headers.size());
    }
    void expect_the_like() {
        std::size_t total = 0;
        for (std::size_t i = 0; i < came; ++i) total += headers[i].msg_len;
        if (came > 0) next = pieces_of(total / came);
    }

    // Adds each datagram of a received piece.
    void split(std::size_t index) {
        msghdr& header = headers[index].msg_hdr;
        const Arrival arrival = arrival_of(header);
        Datagram datagram{
            .bytes = std::span(bytes.get() + index * piece_bytes, headers[index].msg_len),
            .to = arrival.to,
            .from = to_endpoint(reinterpret_cast<const sockaddr*>(&addresses[index])),
            .interface_index = arrival.interface_index,
            .cut = false,
            .kernel_drops = arrival.kernel_drops,
            .came_at = clocks.steady(arrival.came_at),
        };
        std::span<std::byte> rest = datagram.bytes;
        while (arrival.datagram_bytes != 0 && rest.size() > arrival.datagram_bytes) {
            datagram.bytes = rest.first(arrival.datagram_bytes);
            datagrams.push_back(datagram);
            rest = rest.subspan(arrival.datagram_bytes);
        }
        datagram.bytes = rest;
        datagram.cut = (header.msg_flags & MSG_TRUNC) != 0;
        datagrams.push_back(datagram);
    }

    std::size_t piece_bytes, bytes_at_once;
    std::unique_ptr<std::byte[]> bytes;  // not zeroed: pages that no datagram reaches cost nothing
    std::vector<iovec> vectors;
    std::vector<sockaddr_storage> addresses;
    std::vector<Control> controls;
    std::vector<mmsghdr> headers;
    std::size_t used;                 // headers, from the first on, that must be prepared again
    std::size_t next;                 // pieces to ask for
    std::size_t asked = 0, came = 0;  // pieces, at the last receive()
    Clocks clocks;                    // likewise
    std::vector<Datagram> datagrams;
};

}  // namespace mailslot::os
