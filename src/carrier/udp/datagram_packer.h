// Packs a writer's messages into datagrams: small messages together, large messages in fragments.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "carrier/carrier.h"
#include "carrier/udp/even_sizes.h"
#include "mailslot/result.h"
#include "model/limits.h"

namespace mailslot {

class DatagramPacker {
public:
    static constexpr std::size_t kBatch = 64;  // datagrams per next(); suits sendmmsg

    // Starts over. Borrows `to` and `messages` until the last next(). `datagram_bytes`: the most
    // bytes of a datagram.
    // Errors: message_too_big if any message is.
    Result<void> begin(const Destination& to, std::span<const Envelope> messages,
                       std::size_t datagram_bytes = kMaxDatagramBytes);

    // Returns the next datagrams, in order; empty when all is packed. Valid until the next call.
    std::span<const Bytes> next();

    // Returns how many messages since begin() are complete once the first `count` datagrams of the
    // last next() have left.
    std::size_t messages_done(std::size_t count) const;

private:
    Envelope addressed(const Envelope& message) const;
    Bytes pack(std::span<std::byte> buffer);
    Bytes pack_fragment(std::span<std::byte> buffer);
    Bytes fill(std::span<std::byte> buffer, Bytes datagram);
    Result<void> check(const Envelope& message);

    const Destination* to_ = nullptr;
    std::span<const Envelope> messages_{};
    std::size_t next_message_ = 0;
    std::size_t offset_ = 0;            // into the next message, while packing its fragments
    std::size_t done_before_ = 0;       // messages complete before the last next()
    std::size_t most_chunk_bytes_ = 0;  // payload of a fragment
    std::size_t datagram_bytes_ = kMaxDatagramBytes;

    std::vector<std::byte> memory_;  // kBatch datagrams, allocated at first use
    std::array<Bytes, kBatch> datagrams_{};
    EvenSizes sizes_;
    std::array<std::size_t, kBatch> done_after_{};
};

}  // namespace mailslot
