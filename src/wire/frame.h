// Our own datagram format: docs/protocol/frame.md. Pure: no socket, no clock. Allocates nothing but
// room in `out`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "mailslot/result.h"
#include "model/envelope.h"
#include "model/limits.h"
#include "model/parcel.h"
#include "wire/report.h"

namespace mailslot::wire {

inline constexpr std::uint16_t kFrameMagic = 0x6d73;  // "ms"
inline constexpr std::uint8_t kFrameVersion = 1;

// The largest UDP payload over IPv4. We send kMaxDatagramBytes; a site may send more.
inline constexpr std::size_t kMaxFrameBytes = 65507;
// Bounds the messages that a receiver keeps from one datagram; six times as many as fit into
// kMaxDatagramBytes.
inline constexpr std::size_t kMaxFrameMessages = 1024;
// The longest DNS name.
inline constexpr std::size_t kMaxFromHostBytes = 255;
// `to` and `slot` together: both are parts of one address, and a UTF-16 unit takes up to 3 bytes.
inline constexpr std::size_t kMaxNamesBytes = 3 * kMaxAddressUnits;

inline constexpr std::size_t kFrameHeaderBytes = 48;  // before the names
inline constexpr std::size_t kMessageCountBytes = 2;  // the number of messages that follow
inline constexpr std::size_t kFragmentBytes = 11;     // before a fragment's payload
// The most bytes that a datagram with one payload adds to that payload, whatever its kind.
inline constexpr std::size_t kMaxFrameOverhead =
    kFrameHeaderBytes + kMaxFromHostBytes + kMaxNamesBytes + kFragmentBytes;
// The flag of a sealed frame (trust/seal.h). kSealBytes: the bytes that sealing adds.
inline constexpr std::uint8_t kSealedFlag = 0x01;
inline constexpr std::size_t kFramePrefixBytes = 4;  // magic, version, flags: never encrypted
inline constexpr std::size_t kSealBytes = 60;

// Decodes the whole content of a datagram, or fails. The parcel borrows the datagram; the caller
// sets from_address and trust.
// Errors: bad_packet, with Reason::later_version or Reason::sealed, or none for damage.
Result<Parcel> decode_frame(Bytes datagram);
// Decodes into a new parcel, which has no defined content after an error.
Result<void> decode_frame(Bytes datagram, Parcel& parcel);

// The fields of one message in a message frame.
struct FrameRecord {
    std::uint64_t sequence = 0;
    std::int64_t sent_at_us = 0;
    Form format{};
    Bytes payload{};
};

// Packs messages of one writer to one destination into one datagram.
class FrameWriter {
public:
    // `header` holds the fields that all messages share: scope, to, slot, from_host, machine_id,
    // origin, origin_age_ms, delivered_at_home. The header is copied at once. `buffer` needs at
    // least kMaxFrameOverhead bytes more than the largest message; at most kMaxFrameBytes of it are
    // used.
    FrameWriter(std::span<std::byte> buffer, const Envelope& header);
    // Begins the next datagram with the header of `before`.
    FrameWriter(std::span<std::byte> buffer, const FrameWriter& before);

    // Adds a message; uses only its kind, sequence, sent_at_us, format and payload. Returns false
    // and adds nothing if the message does not fit, does not have the next sequence number, is of
    // another kind, or was sent more than 2^32 - 1 us after the first message, or if no frame can
    // carry the header. A message sent before the first gets the first's time.
    bool add(const Envelope& message);
    bool add(const FrameRecord& message);  // a record has kind message
    std::size_t count() const { return count_; }
    std::size_t size() const { return out_.size(); }  // size of the datagram so far
    Bytes finish();                                   // the datagram; empty when nothing was added

private:
    std::span<std::byte> buffer_;
    ByteWriter out_;
    bool usable_;               // the header could be written
    std::size_t count_at_ = 0;  // offset of the number of messages
    std::size_t count_ = 0;
    std::uint64_t first_sequence_ = 0;  // the first message's, like the next field
    std::int64_t first_sent_at_us_ = 0;
};

// Returns the number of messages in a frame that was written here; 0 if the frame is of another
// kind.
std::size_t messages_in(Bytes frame);

// The part of a writer's stream in a frame: after `from`, up to `to`.
struct StreamPart {
    std::uint64_t origin = 0;
    Mark from{}, to{};
};
// `frame` is a frame of messages or a fragment that was written here.
StreamPart stream_part_of(Bytes frame);

// Returns the room for payload in a datagram of `datagram_bytes` that carries one fragment. Returns
// 0 if none is left or no frame can carry the header.
std::size_t fragment_capacity(std::size_t datagram_bytes, const Envelope& header);

// Fills the buffer with zeroes after a frame of `frame_bytes` and marks the frame as filled;
// receivers skip the zeroes. The frame holds messages or a fragment and is not filled yet. A frame
// as large as the buffer stays unchanged.
Bytes fill_frame(std::span<std::byte> buffer, std::size_t frame_bytes);

// Encodes one envelope of a kind other than `message`. Returns empty bytes if the buffer is too
// small or decode_frame would refuse the envelope.
Bytes encode_single(std::span<std::byte> buffer, const Envelope& envelope);

}  // namespace mailslot::wire
