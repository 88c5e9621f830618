// The datagrams of one piece (docs/protocol/udp-carrier.md, "In pieces"), filled with the messages
// of one writer to one destination as they are put: small ones together, larger ones in parts, of
// which all are in one piece. Pure; the memory is its own.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "carrier/udp/even_sizes.h"
#include "model/envelope.h"
#include "model/limits.h"
#include "os/udp_socket.h"
#include "wire/frame.h"

namespace mailslot {

class OpenPiece {
public:
    // Begins anew: what was in it is forgotten. `header` as FrameWriter's; its names must stay
    // until clear() or the next begin(). `datagram_bytes`: the most that one may have.
    void begin(const Envelope& header, std::size_t datagram_bytes = kMaxDatagramBytes);

    // False: there is no room for it (send the piece, begin anew, and add it again); in a piece
    // that is empty: it fits no piece, or no frame may carry it. Nothing was added.
    bool add(const wire::FrameRecord& message);

    bool is_empty() const { return messages_ == 0; }
    std::size_t messages() const { return messages_; }

    void clear() {
        messages_ = 0;
        writer_.reset();
    }

    // All that was added, one behind the other in memory. Nothing can be added any more. Valid
    // until clear() or begin().
    std::span<const Bytes> datagrams();
    std::size_t messages_in(std::size_t datagrams) const;  // of the first ones

private:
    bool add_parts(const wire::FrameRecord& message);
    bool next_datagram();
    void close_datagram(std::size_t bytes);
    void take(Bytes frame, std::size_t bytes, std::size_t messages);
    void open_datagram();

    Envelope header_{};
    std::vector<std::byte> memory_;  // taken at the first use
    std::size_t datagram_bytes_ = kMaxDatagramBytes;
    std::size_t most_bytes_ = os::kPieceBytes;  // so that it is still one piece once it is sealed
    std::size_t most_small_ = 0;                // of a message in one datagram
    std::size_t most_chunk_ = 0;                // of a part
    std::size_t used_ = 0;                      // by the datagrams that are closed
    EvenSizes sizes_;                           // of this piece and those before it
    std::optional<wire::FrameWriter> writer_;   // of the open datagram
    std::size_t closed_ = 0;                    // datagrams
    std::size_t messages_ = 0;
    std::array<Bytes, os::kPieceDatagrams> datagrams_;
    std::array<std::size_t, os::kPieceDatagrams> messages_after_;  // each of them
};

}  // namespace mailslot
