// Sends packed frames: the part of the udp carrier that a UdpWriter needs. Test double:
// testing/fake_carrier.h.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "carrier/carrier.h"
#include "carrier/carrier_writer.h"

namespace mailslot {

class FrameSender {
public:
    virtual ~FrameSender() = default;
    // Returns the size of the largest frame to pass to send_packed() at present.
    virtual std::size_t max_frame_bytes() const = 0;
    // Sends frames of messages that are packed already (open_piece.h). Returns how many frames
    // left; 0 if it is not their turn yet and the destination's wait_for_turn is over.
    // Errors: unreachable, no_resources, no_permission.
    virtual Result<std::size_t> send_packed(const Destination& to,
                                            std::span<const Bytes> frames) = 0;
    // As Carrier::send.
    virtual Result<std::size_t> send(const Destination& to, std::span<const Envelope> messages) = 0;
    // Returns the ways that messages took so far.
    virtual std::vector<WayInfo> ways() const { return {}; }
};

}  // namespace mailslot
