// Collects the messages of a writer to a destination in the datagrams of a piece
// (docs/protocol/udp-carrier.md, "In pieces"): small messages share datagrams, larger messages are
// split, with all parts in the same piece if a piece can hold them. Pure; owns its memory.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "carrier/carrier.h"
#include "carrier/udp/even_sizes.h"
#include "model/envelope.h"
#include "model/limits.h"
#include "os/udp_socket.h"
#include "wire/frame.h"

namespace mailslot {

// Messages of a writer that are not packed yet.
struct Unpacked {
    std::span<const Envelope> messages{};
    std::size_t offset = 0;  // bytes of the first message that are packed
    bool is_empty() const { return messages.empty(); }
};

// Checks whether frames of at most `datagram_bytes` can carry the messages.
// Errors: message_too_big if any message is.
Result<void> check_messages(const Destination& to, std::span<const Envelope> messages,
                            std::size_t datagram_bytes = kMaxDatagramBytes);

class OpenPiece {
public:
    // Starts over with as much of the messages as fits, at least a datagram, and takes it out of
    // `rest`. A message that fits no piece goes on in the next. `to` and the messages must stay
    // valid until clear(), begin() or the next fill(). check_messages() must have accepted them.
    void fill(const Destination& to, Unpacked& rest,
              std::size_t datagram_bytes = kMaxDatagramBytes);

    // Starts over and drops the content. `header` as for FrameWriter; its names must stay valid
    // until clear() or the next begin(). `datagram_bytes`: the most bytes of a datagram.
    void begin(const Envelope& header, std::size_t datagram_bytes = kMaxDatagramBytes);

    // Adds a message. Returns false and adds nothing if there is no room: send the piece, call
    // begin() and add the message again. On an empty piece, false means that the message fits no
    // piece or that no frame can carry it.
    bool add(const wire::FrameRecord& message);

    bool is_empty() const { return messages_ == 0; }  // of whole messages
    std::size_t messages() const { return messages_; }

    void clear() {
        messages_ = 0;
        writer_.reset();
    }

    // Closes the piece and returns its datagrams, which are contiguous in memory. Valid until
    // clear() or begin().
    std::span<const Bytes> datagrams();
    std::size_t messages_in(std::size_t datagrams) const;  // in the first `datagrams`

private:
    bool add_some(Unpacked& rest);
    bool add_single(const Envelope& message);
    std::size_t add_parts(const wire::FrameRecord& message, std::size_t offset, bool may_split);
    bool next_datagram();
    void close_datagram(std::size_t bytes);
    void take(Bytes frame, std::size_t bytes, std::size_t messages);
    void open_datagram();
    void open_next_datagram();

    Envelope header_{};
    std::vector<std::byte> memory_;  // allocated at first use
    std::size_t datagram_bytes_ = kMaxDatagramBytes;
    std::size_t most_bytes_ = os::kPieceBytes;  // a sealed piece must stay a single piece
    std::size_t most_small_ = 0;                // largest message that fits a datagram
    std::size_t most_chunk_ = 0;                // largest part
    std::size_t used_ = 0;                      // by closed datagrams
    EvenSizes sizes_;                           // remembers earlier pieces
    std::optional<wire::FrameWriter> writer_;   // for the open datagram
    std::size_t closed_ = 0;                    // closed datagrams
    std::size_t messages_ = 0;
    std::array<Bytes, os::kPieceDatagrams> datagrams_;
    std::array<std::size_t, os::kPieceDatagrams> messages_after_;  // complete after each datagram
};

}  // namespace mailslot
