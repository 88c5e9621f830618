// NetBIOS datagrams: docs/protocol/netbios-datagram.md. Pure.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "mailslot/result.h"
#include "model/ip_address.h"
#include "wire/netbios_name.h"

namespace mailslot::wire {

inline constexpr std::uint16_t kNetbiosDatagramPort = 138;
inline constexpr std::size_t kDatagramHeaderBytes = 14;

enum class DatagramType : std::uint8_t {
    direct_unique = 0x10,
    direct_group = 0x11,
    broadcast = 0x12,
};

// DatagramFlags. Further bits give the sender's node type.
inline constexpr std::uint8_t kMoreFollows = 0x01, kFirstPart = 0x02;

// Borrows the packet.
struct NetbiosDatagram {
    DatagramType type = DatagramType::direct_unique;
    std::uint8_t flags = kFirstPart;
    std::uint16_t id = 0;
    IpAddress source_ip{};  // as the packet claims; v4
    std::uint16_t source_port = kNetbiosDatagramPort;
    std::uint16_t length = 0;  // as the packet claims; recomputed when encoded
    ScopedName source{}, destination{};
    Bytes user_data{};
};

// Errors: bad_packet; `step` is "short", "type", "fragment" or "name".
Result<NetbiosDatagram> decode_netbios_datagram(Bytes packet);
// Returns empty bytes if the buffer is too small or decode_netbios_datagram would refuse the
// datagram.
Bytes encode_netbios_datagram(std::span<std::byte> buffer, const NetbiosDatagram& datagram);

}  // namespace mailslot::wire
