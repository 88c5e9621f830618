// An IP address as 21 bytes, for formats that never leave the machine.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "base/bytes.h"
#include "model/ip_address.h"

namespace mailslot::wire {

inline constexpr std::size_t kAddressBytes = 1 + 16 + 4;

inline void put_address(ByteWriter& out, const IpAddress& address) {
    out.u8(static_cast<std::uint8_t>(address.family));
    out.put(std::as_bytes(std::span(address.octets)));
    out.u32be(address.scope_id);
}

// Returns an empty address if the family is unknown.
inline IpAddress take_address(ByteReader& in) {
    IpAddress address;
    address.family = IpAddress::Family{in.u8()};
    std::ranges::transform(in.take(16), address.octets.begin(),
                           [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
    address.scope_id = in.u32be();
    return address.family <= IpAddress::Family::v6 ? address : IpAddress{};
}

}  // namespace mailslot::wire
