// Packs messages for the classic wire: docs/protocol/netbios-carrier.md, "Sending". Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "carrier/carrier.h"
#include "mailslot/result.h"
#include "model/envelope.h"
#include "wire/netbios_datagram.h"
#include "wire/smb_mailslot.h"

namespace mailslot {

// Without scopes: two names and the largest write.
inline constexpr std::size_t kMaxClassicDatagram =
    wire::kDatagramHeaderBytes + 2 * wire::kEncodedNameBytes + wire::kMaxSmbBytes;

// Destination of a message on the classic wire.
struct ClassicTarget {
    wire::NetbiosName name{};
    wire::DatagramType type = wire::DatagramType::direct_unique;
};

// Checks whether a message of `bytes` bytes (without labels) can go to the slot.
// Errors: bad_name, message_too_big.
Result<void> fits_classic_wire(std::string_view slot, std::size_t bytes);
// Returns the payload as other programs see it: without labels.
Bytes classic_payload(const Envelope& message);

// Packs the write of a message that fits into `buffer` of wire::kMaxSmbBytes, and the datagram
// around the write into `buffer` of kMaxClassicDatagram.
Bytes pack_write(std::span<std::byte> buffer, const Envelope& message);
Bytes pack_datagram(std::span<std::byte> buffer, const wire::NetbiosName& from,
                    const ClassicTarget& to, const IpAddress& source, std::uint16_t id,
                    Bytes write);

}  // namespace mailslot
