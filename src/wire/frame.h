// Our own datagram format: docs/protocol/frame.md. Pure: no socket, no clock, no allocation while decoding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "mailslot/result.h"
#include "model/envelope.h"

namespace mailslot::wire {

inline constexpr std::uint8_t kFrameVersion = 1;

// Appends the envelopes of one datagram to `out`, all of them or, where anything is wrong, none.
// They borrow the datagram; from_address and trust are left for the caller.
// Errors: bad_packet; `step` is "version" or "flags" for a datagram of a later program, "sealed" for one
// that needs a key, "frame" for damage.
Result<void> decode_frame(Bytes datagram, std::vector<Envelope>& out);

// Packs messages of one writer to one destination into one datagram.
class FrameWriter {
public:
    // `header` gives what all messages share: scope, to, slot, from_host, station, origin, origin_age_ms,
    // delivered_at_home. Buffer: at least kMaxFrameOverhead bytes more than the largest message.
    FrameWriter(std::span<std::byte> buffer, const Envelope& header);

    // False: it does not fit any more, or is not the sequence number after the last one; nothing was added.
    bool add(const Envelope& message);
    std::size_t count() const;
    Bytes finish();  // the datagram

private:
    // (the codec's own)
};

// Room for payload in a datagram of `datagram_bytes` that carries one fragment; 0 where there is none.
std::size_t fragment_capacity(std::size_t datagram_bytes, const Envelope& header);

// Encodes one envelope of a kind other than `message`, alone. Empty: the buffer is too small.
Bytes encode_single(std::span<std::byte> buffer, const Envelope& envelope);

}  // namespace mailslot::wire
