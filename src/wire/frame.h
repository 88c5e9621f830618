// Our own datagram format: docs/protocol/frame.md. Pure: no socket, no clock, no allocation while decoding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "mailslot/result.h"
#include "model/envelope.h"

namespace mailslot::wire {

inline constexpr std::uint8_t kFrameVersion = 1;

// The codec's whole interface is filled in from docs/protocol/frame.md:
//
// Walks the envelopes of one datagram. Borrows the datagram.
//   FrameReader reader = FrameReader::open(datagram)  -> Result<FrameReader>; checks everything up to the first
//       record. Errors: bad_packet; `step` tells "version", "flags" and "sealed" from other damage.
//   while (reader.next(envelope)) ...;   reader.ok() false: a later record was damaged (none of the
//       datagram's messages is to be used then: decode_frame() below checks all before it hands over any).
//
// Packs messages of one writer, to one destination, into one datagram.
//   FrameWriter writer(buffer, header);  writer.add(envelope) -> bool fits;  writer.finish() -> Bytes
//
// Splits one large message: fragment_count(size, header), encode_fragment(buffer, header, envelope, index).

}  // namespace mailslot::wire
