// What a message becomes on the classic wire: docs/protocol/netbios-carrier.md, "Sending". Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "mailslot/result.h"
#include "model/envelope.h"
#include "wire/netbios_datagram.h"
#include "wire/smb_mailslot.h"

namespace mailslot {

// Without scopes: two names in front of the largest write.
inline constexpr std::size_t kMaxClassicDatagram =
    wire::kDatagramHeaderBytes + 2 * wire::kEncodedNameBytes + wire::kMaxSmbBytes;

// In the place of a station, of which the wire has none: a gateway passed the message on.
inline constexpr std::uint64_t kPassedOn = 1;

// Where a message goes there.
struct ClassicTarget {
    wire::NetbiosName name{};
    wire::DatagramType type = wire::DatagramType::direct_unique;
};

// Whether a message of that many bytes (without labels) can go to that slot. Errors: bad_name,
// message_too_big.
Result<void> fits_classic_wire(std::string_view slot, std::size_t bytes);
// The message as others see it: what labels stand before it stays behind.
Bytes classic_payload(const Envelope& message);

// The write, in `buffer` of wire::kMaxSmbBytes, of a message that fits; and the datagram around it,
// in one of kMaxClassicDatagram.
Bytes pack_write(std::span<std::byte> buffer, const Envelope& message);
Bytes pack_datagram(std::span<std::byte> buffer, const wire::NetbiosName& from,
                    const ClassicTarget& to, const IpAddress& source, std::uint16_t id,
                    Bytes write);

}  // namespace mailslot
