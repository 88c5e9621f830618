// Numbers for the ways by which datagrams come (Parcel::way). Datagrams from the same socket to the
// same address that come in by the same interface come in order.
#pragma once

#include <cstdint>
#include <cstring>

#include "model/ip_address.h"

namespace mailslot {

// Never 0. Once in billions, two ways have the same number: then a loss may be reported too early.
inline std::uint32_t way_of(const Endpoint& from, const IpAddress& to,
                            std::uint32_t interface_index) {
    std::uint64_t mixed = (std::uint64_t{from.port} << 32) | interface_index;
    const auto mix = [&mixed](std::uint64_t number) {
        mixed = (mixed ^ number) * 0x9E37'79B9'7F4A'7C15;
        mixed ^= mixed >> 32;
    };
    for (const IpAddress* address : {&from.address, &to}) {
        std::uint64_t halves[2];
        static_assert(sizeof halves == sizeof address->octets);
        std::memcpy(halves, address->octets.data(), sizeof halves);
        mix(halves[0]);
        mix(halves[1]);
    }
    return static_cast<std::uint32_t>(mixed) | 1;
}

}  // namespace mailslot
