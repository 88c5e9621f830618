// The arguments of sendmmsg for a batch of datagrams, with datagrams of equal size as a piece
// (docs/protocol/udp-carrier.md, "In pieces"). For udp_socket.cc alone.
#pragma once

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <ctime>
#include <span>

#include "base/bytes.h"
#include "model/ip_address.h"
#include "os/linux/many_messages.h"
#include "os/linux/socket_address.h"
#include "os/udp_socket.h"

namespace mailslot::os {

// Pieces in a sendmmsg call; the kernel's own limit is 1024.
inline constexpr std::size_t kSendBatch = 64;
// The outlet or interface, the size of a piece's datagrams, the count of drops, and the time.
inline constexpr std::size_t kControlBytes =
    CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(std::uint32_t)) +
    CMSG_SPACE(sizeof(timespec));

struct Control {
    alignas(cmsghdr) std::array<std::byte, kControlBytes> bytes;
};

// Adds `info` to `header`, whose control buffer has kControlBytes. Bytes behind the used part must
// be 0.
template <class Info>
void add_control(msghdr& header, int level, int type, const Info& info) {
    auto* const control = reinterpret_cast<cmsghdr*>(static_cast<std::byte*>(header.msg_control) +
                                                     header.msg_controllen);
    header.msg_controllen += CMSG_SPACE(sizeof info);
    control->cmsg_level = level;
    control->cmsg_type = type;
    control->cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(control), &info, sizeof info);
}

inline void choose_outlet(msghdr& header, IpAddress::Family family, const Outlet& outlet) {
    const bool has_source = outlet.source.family == family;
    if (family == IpAddress::Family::v4) {
        in_pktinfo info{};
        info.ipi_ifindex = static_cast<int>(outlet.interface_index);
        if (has_source) info.ipi_spec_dst = to_in_addr(outlet.source);
        add_control(header, IPPROTO_IP, IP_PKTINFO, info);
    } else {
        in6_pktinfo info{};
        info.ipi6_ifindex = outlet.interface_index;
        if (has_source) info.ipi6_addr = to_in6_addr(outlet.source);
        add_control(header, IPPROTO_IPV6, IPV6_PKTINFO, info);
    }
}

// Returns how many datagrams, from the first on, the kernel takes as a piece.
inline std::size_t piece_of(std::span<const Bytes> datagrams) {
    const std::size_t size = datagrams[0].size();
    const std::size_t most = std::min(datagrams.size(), kPieceDatagrams);
    std::size_t count = 1, bytes = size;
    while (count < most && datagrams[count - 1].size() == size) {
        const std::size_t next = datagrams[count].size();
        if (next == 0 || next > size || bytes + next > kPieceBytes) break;
        bytes += next;
        ++count;
    }
    return count;
}

// The arguments of a sendmmsg call.
class SendBatch {
public:
    SendBatch(SocketAddress& to, IpAddress::Family family, const Outlet& outlet) {
        common_.msg_name = &to.storage;
        common_.msg_namelen = to.size;
        common_.msg_control = common_control_.bytes.data();
        const bool has_source = outlet.source.family != IpAddress::Family::none;
        if (outlet.interface_index != 0 || has_source) choose_outlet(common_, family, outlet);
    }

    // Takes the first datagrams, as many as a call sends.
    void fill(std::span<const Bytes> datagrams, bool in_pieces) {
        pieces_ = 0;
        datagrams = datagrams.first(std::min(kSendBatch, datagrams.size()));
        iovec* vector = vectors_.data();
        while (!datagrams.empty()) {
            const std::size_t count = in_pieces ? piece_of(datagrams) : 1;
            msghdr& header = headers_[pieces_].msg_hdr;
            header = common_;
            header.msg_iovlen = 0;
            header.msg_iov = vector;
            if (count > 1) say_size(header, controls_[pieces_], datagrams[0].size());
            for (const Bytes bytes : datagrams.first(count)) vector = append(bytes, header, vector);
            counts_[pieces_] = count;
            datagrams = datagrams.subspan(count);
            ++pieces_;
        }
    }

    int send(int fd) { return send_many(fd, headers_.data(), static_cast<unsigned>(pieces_)); }
    std::size_t datagrams_in(std::size_t pieces) const {
        std::size_t count = 0;
        for (std::size_t i = 0; i < pieces; ++i) count += counts_[i];
        return count;
    }

private:
    // Adds a datagram's bytes. Merges them with the previous bytes if adjacent in memory.
    static iovec* append(Bytes bytes, msghdr& header, iovec* next) {
        auto* const at = const_cast<std::byte*>(bytes.data());
        if (header.msg_iovlen > 0) {
            iovec& last = header.msg_iov[header.msg_iovlen - 1];
            if (static_cast<std::byte*>(last.iov_base) + last.iov_len == at) {
                last.iov_len += bytes.size();
                return next;
            }
        }
        *next = {at, bytes.size()};
        ++header.msg_iovlen;
        return next + 1;
    }

    void say_size(msghdr& header, Control& control, std::size_t datagram_bytes) {
        control = common_control_;
        header.msg_control = control.bytes.data();
        add_control(header, IPPROTO_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(datagram_bytes));
    }

    msghdr common_{};
    Control common_control_{};
    std::size_t pieces_ = 0;
    std::array<iovec, kSendBatch> vectors_;
    std::array<std::size_t, kSendBatch> counts_;  // datagrams in each piece
    std::array<Control, kSendBatch> controls_;
    std::array<mmsghdr, kSendBatch> headers_;
};

}  // namespace mailslot::os
