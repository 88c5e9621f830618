// Our own datagram format: docs/protocol/frame.md. Pure: no socket, no clock; nothing is allocated
// but room in `out`.
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

namespace mailslot::wire {

inline constexpr std::uint16_t kFrameMagic = 0x6d73;  // "ms"
inline constexpr std::uint8_t kFrameVersion = 1;

// What UDP over IPv4 can carry. We send kMaxDatagramBytes; a site may send more.
inline constexpr std::size_t kMaxFrameBytes = 65507;
// Bounds what one datagram makes a receiver keep; six times what kMaxDatagramBytes can hold.
inline constexpr std::size_t kMaxFrameMessages = 1024;
// The longest DNS name.
inline constexpr std::size_t kMaxFromHostBytes = 255;
// `to` and `slot` together: both are parts of one address, and a UTF-16 unit takes up to 3 bytes.
inline constexpr std::size_t kMaxNamesBytes = 3 * kMaxAddressUnits;

inline constexpr std::size_t kFrameHeaderBytes = 48;  // before the names
inline constexpr std::size_t kMessageCountBytes = 2;  // how many messages follow
inline constexpr std::size_t kFragmentBytes = 11;     // before a fragment's payload
// The most that a datagram with one payload holds beside it, whatever its kind.
inline constexpr std::size_t kMaxFrameOverhead =
    kFrameHeaderBytes + kMaxFromHostBytes + kMaxNamesBytes + kFragmentBytes;
// The flag of a sealed frame (trust/seal.h), and what sealing adds to a plain one.
inline constexpr std::uint8_t kSealedFlag = 0x01;
inline constexpr std::size_t kFramePrefixBytes = 4;  // magic, version, flags: clear in both
inline constexpr std::size_t kSealBytes = 60;

// What one datagram carries, all of it or, where anything is wrong, nothing. It borrows the
// datagram; from_address and trust are left for the caller. Errors: bad_packet; `step` is "version"
// or "flags" for a datagram of a later program, "sealed" for one that needs a key, "frame" for
// damage.
Result<Parcel> decode_frame(Bytes datagram);
// The same into a new parcel, of which nothing holds after an error.
Result<void> decode_frame(Bytes datagram, Parcel& parcel);
// The same as single envelopes, which are appended to `out`.
Result<void> decode_frame(Bytes datagram, std::vector<Envelope>& out);

// What a message frame says of one message.
struct FrameRecord {
    std::uint64_t sequence = 0;
    std::int64_t sent_at_us = 0;
    Form format{};
    Bytes payload{};
};

// Packs messages of one writer to one destination into one datagram.
class FrameWriter {
public:
    // `header` gives what all messages share: scope, to, slot, from_host, station, origin,
    // origin_age_ms, delivered_at_home; it is copied at once. Buffer: at least kMaxFrameOverhead
    // bytes more than the largest message; no more than kMaxFrameBytes of it are used.
    FrameWriter(std::span<std::byte> buffer, const Envelope& header);
    // The next datagram, with the header of another one.
    FrameWriter(std::span<std::byte> buffer, const FrameWriter& before);

    // Of `message` only kind, sequence, sent_at_us, format and payload are looked at.
    // False: it does not fit any more, is not the sequence number after the last one, is of another
    // kind, or was sent more than 2^32 - 1 us after the first; or the header is one that no frame
    // can carry. Nothing was added. One that was sent before the first is marked as sent together
    // with it.
    bool add(const Envelope& message);
    bool add(const FrameRecord& message);  // the same, of kind message
    std::size_t count() const { return count_; }
    std::size_t size() const { return out_.size(); }  // of the datagram so far
    Bytes finish();                                   // the datagram; empty when nothing was added

private:
    std::span<std::byte> buffer_;
    ByteWriter out_;
    bool usable_;               // the header could be written
    std::size_t count_at_ = 0;  // where the number of messages stands
    std::size_t count_ = 0;
    std::uint64_t first_sequence_ = 0;  // these two of the first message
    std::int64_t first_sent_at_us_ = 0;
};

// How many messages are in a frame that was written here; 0 for one of another kind.
std::size_t messages_in(Bytes frame);

// Room for payload in a datagram of `datagram_bytes` that carries one fragment; 0 where there is
// none, or where no frame can carry the header.
std::size_t fragment_capacity(std::size_t datagram_bytes, const Envelope& header);

// Makes the frame in the first `frame_bytes` of `buffer`, which is of messages or a fragment and
// not filled yet, as large as the buffer, by zeroes that receivers pass over. One that is so
// already stays as it is.
Bytes fill_frame(std::span<std::byte> buffer, std::size_t frame_bytes);

// Encodes one envelope of a kind other than `message`, alone. Empty: the buffer is too small, or
// the envelope is one that decode_frame would refuse.
Bytes encode_single(std::span<std::byte> buffer, const Envelope& envelope);

}  // namespace mailslot::wire
