// Decodes a frame into single envelopes.
#pragma once

#include <vector>

#include "wire/frame.h"

namespace mailslot::wire {

// Appends the messages, which borrow the datagram, to `out`. Appends nothing on an error.
// Errors: bad_packet.
inline Result<void> decode_messages(Bytes datagram, std::vector<Envelope>& out) {
    const Result<Parcel> parcel = decode_frame(datagram);
    if (!parcel) return parcel.error();
    parcel->for_each([&out](const Envelope& message) { out.push_back(message); });
    return {};
}

}  // namespace mailslot::wire
