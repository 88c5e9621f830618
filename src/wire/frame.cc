#include "wire/frame.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "model/fold.h"

namespace mailslot::wire {
namespace {

// Marks.
constexpr std::uint8_t kDeliveredAtHome = 0x01;
constexpr std::uint8_t kFilled = 0x02;

// Offsets of some fields of the header.
constexpr std::size_t kKindAt = 4, kMarksAt = 6, kNameSizesAt = 7, kOriginAt = 20;
// Fields that FrameWriter writes last.
constexpr std::size_t kSequenceAt = 28;
constexpr std::size_t kSequenceAndTimeBytes = 16;

Error damaged() { return Error{Errc::bad_packet, "frame"}; }
Error of_a_later_program(const char* step) {
    return Error{Errc::bad_packet, step, 0, {}, Reason::later_version};
}

bool is_known(Kind kind) { return kind >= Kind::message && kind <= Kind::report; }
bool is_known(Scope scope) { return scope >= Scope::everybody && scope <= Scope::direct; }
// Returns whether the body is a payload with its size: a payload for no slot.
bool has_sized_payload(Kind kind) { return kind >= Kind::query && kind <= Kind::report; }

bool names_fit(const Envelope& e) {
    return e.from_host.size() <= kMaxFromHostBytes && e.to.size() <= kMaxNamesBytes &&
           e.slot.size() <= kMaxNamesBytes - e.to.size();
}

bool names_nobody(const Envelope& e) {
    return e.scope == Scope::direct && e.to.empty() && e.slot.empty();
}

// Checks the rules for every envelope on the network, whatever its kind, in both directions.
bool is_addressed(const Envelope& e) {
    if (!names_fit(e)) return false;
    if (e.scope == Scope::named && e.to.empty()) return false;
    if (e.scope == Scope::everybody && !e.to.empty()) return false;
    if (e.slot.empty() && !has_sized_payload(e.kind)) return false;
    if (e.kind == Kind::report && !names_nobody(e)) return false;
    return is_utf8(e.from_host) && is_utf8(e.to) && is_utf8(e.slot);
}

std::size_t part_bytes(const Envelope& e) {
    return std::min<std::size_t>(e.chunk_bytes, e.total_bytes - std::min(e.offset, e.total_bytes));
}

// Checks the rules for a fragment's part of a message, in both directions.
bool is_part(const Envelope& e) {
    if (e.chunk_bytes == 0 || e.total_bytes > kMaxNetworkMessageBytes) return false;
    if (e.offset >= e.total_bytes || e.offset % e.chunk_bytes != 0) return false;
    return e.payload.size() == part_bytes(e);
}

// --- decoding

// Decodes magic, version and flags, with which frames of all versions begin.
Result<void> decode_prefix(ByteReader& in, std::size_t datagram_bytes) {
    const std::uint16_t magic = in.u16be();
    const std::uint8_t version = in.u8();
    const std::uint8_t flags = in.u8();
    if (!in.ok() || magic != kFrameMagic || datagram_bytes > kMaxFrameBytes) return damaged();
    if (version != kFrameVersion) return of_a_later_program("version");
    if ((flags & ~kSealedFlag) != 0) return of_a_later_program("flags");
    if (flags == 0) return {};
    if (datagram_bytes < kFrameHeaderBytes + kSealBytes) return damaged();
    return Error{Errc::bad_packet, "sealed", 0, {}, Reason::sealed};
}

Result<void> decode_header(ByteReader& in, Envelope& e) {
    e.kind = Kind{in.u8()};
    e.scope = Scope{in.u8()};
    const std::uint8_t marks = in.u8();
    const std::size_t from_host_bytes = in.u8();
    const std::size_t to_bytes = in.u16be();
    const std::size_t slot_bytes = in.u16be();
    e.machine_id = in.u64be();
    e.origin = in.u64be();
    e.sequence = in.u64be();
    e.sent_at_us = static_cast<std::int64_t>(in.u64be());
    e.origin_age_ms = in.u32be();
    if (!in.ok()) return damaged();
    if (!is_known(e.kind) || !is_known(e.scope) || (marks & ~(kDeliveredAtHome | kFilled)) != 0) {
        return of_a_later_program("flags");
    }
    e.delivered_at_home = (marks & kDeliveredAtHome) != 0;
    e.from_host = as_text(in.take(from_host_bytes));
    e.to = as_text(in.take(to_bytes));
    e.slot = as_text(in.take(slot_bytes));
    if (!in.ok() || !is_addressed(e)) return damaged();
    if (e.sequence == 0 && !has_sized_payload(e.kind)) return damaged();
    return {};
}

// Decodes `count` messages.
Result<Contents> decode_contents(ByteReader& in, std::size_t count, std::int64_t base_us) {
    const Bytes bytes = in.rest();
    std::size_t end = 0;
    ContentHead head;
    for (std::size_t i = 0; i < count; ++i) {
        if (bytes.size() - end < kContentHeadBytes) return damaged();
        head = ContentHead::at(bytes.data() + end);
        if (bytes.size() - end < head.size()) return damaged();
        if (!form_from_byte(head.form_byte)) return of_a_later_program("flags");
        if (i == 0 && head.sent_after_us != 0) return damaged();
        if (base_us > std::numeric_limits<std::int64_t>::max() - head.sent_after_us)
            return damaged();
        end += head.size();
    }
    return Contents(in.take(end), count, base_us, head.sent_after_us);
}

// After the last message or part: returns whether the rest is empty, or zeroes in a filled frame.
bool ends_well(const ByteReader& in, bool is_filled) {
    const Bytes rest = in.rest();
    if (rest.empty()) return !is_filled;
    // All zeroes: the first byte is zero, and each byte equals the byte before.
    return is_filled && rest.front() == std::byte{0} &&
           std::memcmp(rest.data(), rest.data() + 1, rest.size() - 1) == 0;
}

Result<void> decode_messages(ByteReader& in, bool is_filled, Parcel& parcel) {
    const Envelope& shared = parcel.envelope;
    const std::uint16_t count = in.u16be();
    if (count == 0 || count > kMaxFrameMessages) return damaged();
    if (shared.sequence > std::numeric_limits<std::uint64_t>::max() - (count - 1u))
        return damaged();
    const auto contents = decode_contents(in, count, shared.sent_at_us);
    if (!contents) return contents.error();
    if (!ends_well(in, is_filled)) return damaged();
    parcel.contents = *contents;
    return {};
}

Result<void> decode_fragment(ByteReader& in, bool is_filled, Envelope& e) {
    const auto form = form_from_byte(in.u8());
    e.chunk_bytes = in.u16be();
    e.total_bytes = in.u32be();
    e.offset = in.u32be();
    e.payload = in.take(is_filled ? part_bytes(e) : in.left());
    if (!in.ok() || !ends_well(in, is_filled)) return damaged();
    if (!form) return of_a_later_program("flags");
    e.format = *form;
    if (!is_part(e)) return damaged();
    return {};
}

Result<void> decode_sized_payload(ByteReader& in, Envelope& e) {
    e.payload = in.take(in.u16be());
    if (!in.ok() || in.left() != 0) return damaged();
    return {};
}

Result<void> decode_end(const ByteReader& in) {
    if (in.left() != 0) return damaged();
    return {};
}

Result<void> decode_single(ByteReader& in, bool is_filled, Envelope& e) {
    if (e.kind == Kind::fragment) return decode_fragment(in, is_filled, e);
    if (is_filled) return damaged();
    if (e.kind == Kind::end) return decode_end(in);
    return decode_sized_payload(in, e);
}

// --- encoding

void encode_header(ByteWriter& out, const Envelope& e) {
    out.u16be(kFrameMagic);
    out.u8(kFrameVersion);
    out.u8(0);
    out.u8(static_cast<std::uint8_t>(e.kind));
    out.u8(static_cast<std::uint8_t>(e.scope));
    out.u8(e.delivered_at_home ? kDeliveredAtHome : 0);
    out.u8(static_cast<std::uint8_t>(e.from_host.size()));
    out.u16be(static_cast<std::uint16_t>(e.to.size()));
    out.u16be(static_cast<std::uint16_t>(e.slot.size()));
    out.u64be(e.machine_id);
    out.u64be(e.origin);
    out.u64be(e.sequence);
    out.u64be(static_cast<std::uint64_t>(e.sent_at_us));
    out.u32be(e.origin_age_ms);
    out.put(e.from_host);
    out.put(e.to);
    out.put(e.slot);
}

bool is_encodable(const Envelope& e) {
    if (!is_known(e.kind) || !is_known(e.scope) || !is_addressed(e)) return false;
    if (has_sized_payload(e.kind)) return true;
    if (e.sequence == 0 || (e.kind == Kind::end && !e.payload.empty())) return false;
    return e.kind != Kind::fragment || (is_known(e.format) && is_part(e));
}

std::span<std::byte> frame_part(std::span<std::byte> buffer) {
    return buffer.first(std::min(buffer.size(), kMaxFrameBytes));
}

// Returns the header of a message frame with the fields that all messages share.
Envelope message_header(const Envelope& shared) {
    Envelope header = shared;
    header.kind = Kind::message;
    return header;
}

}  // namespace

Result<void> decode_frame(Bytes datagram, Parcel& parcel) {
    ByteReader in(datagram);
    if (auto prefix = decode_prefix(in, datagram.size()); !prefix) return prefix;
    Envelope& e = parcel.envelope;
    if (auto header = decode_header(in, e); !header) return header;
    const bool is_filled = (datagram[kMarksAt] & std::byte{kFilled}) != std::byte{0};
    if (e.kind == Kind::message) return decode_messages(in, is_filled, parcel);
    return decode_single(in, is_filled, e);
}

Result<Parcel> decode_frame(Bytes datagram) {
    Parcel parcel;
    if (auto decoded = decode_frame(datagram, parcel); !decoded) return decoded.error();
    return parcel;
}

FrameWriter::FrameWriter(std::span<std::byte> buffer, const Envelope& header)
    : buffer_(frame_part(buffer)), out_(buffer_) {
    const Envelope shared = message_header(header);
    usable_ = is_known(shared.scope) && is_addressed(shared);
    if (!usable_) return;
    encode_header(out_, shared);
    count_at_ = out_.size();
    out_.u16be(0);
    usable_ = out_.ok();
}

FrameWriter::FrameWriter(std::span<std::byte> buffer, const FrameWriter& before)
    : buffer_(frame_part(buffer)),
      out_(buffer_),
      usable_(before.usable_),
      count_at_(before.count_at_) {
    if (!usable_) return;
    out_.put(before.buffer_.first(before.count_at_));
    out_.u16be(0);
    usable_ = out_.ok();
}

bool FrameWriter::add(const Envelope& message) {
    if (message.kind != Kind::message) return false;
    return add(FrameRecord{message.sequence, message.sent_at_us, message.format, message.payload});
}

bool FrameWriter::add(const FrameRecord& message) {
    if (!usable_ || !is_known(message.format)) return false;
    if (message.sequence == 0 || count_ == kMaxFrameMessages) return false;
    if (count_ > 0 && message.sequence != first_sequence_ + count_) return false;
    if (out_.left() < kContentHeadBytes ||
        message.payload.size() > out_.left() - kContentHeadBytes) {
        return false;
    }
    std::uint64_t sent_after_us = 0;
    if (count_ > 0 && message.sent_at_us > first_sent_at_us_) {
        // Unsigned, because the difference of two int64_t may overflow.
        sent_after_us = static_cast<std::uint64_t>(message.sent_at_us) -
                        static_cast<std::uint64_t>(first_sent_at_us_);
    }
    if (sent_after_us > std::numeric_limits<std::uint32_t>::max()) return false;
    if (count_ == 0) {
        first_sequence_ = message.sequence;
        first_sent_at_us_ = message.sent_at_us;
    }
    put_content(out_, message.format, static_cast<std::uint32_t>(sent_after_us), message.payload);
    ++count_;
    return true;
}

Bytes FrameWriter::finish() {
    if (count_ == 0) return {};
    ByteWriter first(buffer_.subspan(kSequenceAt, kSequenceAndTimeBytes));
    first.u64be(first_sequence_);
    first.u64be(static_cast<std::uint64_t>(first_sent_at_us_));
    ByteWriter count(buffer_.subspan(count_at_, kMessageCountBytes));
    count.u16be(static_cast<std::uint16_t>(count_));
    return out_.written();
}

std::size_t messages_in(Bytes frame) {
    if (Kind{std::to_integer<std::uint8_t>(frame[kKindAt])} != Kind::message) return 0;
    const std::size_t names = std::to_integer<std::size_t>(frame[kNameSizesAt]) +
                              load_u16be(&frame[kNameSizesAt + 1]) +
                              load_u16be(&frame[kNameSizesAt + 3]);
    return load_u16be(&frame[kFrameHeaderBytes + names]);
}

StreamPart stream_part_of(Bytes frame) {
    ByteReader in(frame.subspan(kOriginAt));
    StreamPart part{.origin = in.u64be()};
    const std::uint64_t sequence = in.u64be();
    const std::size_t names = std::to_integer<std::size_t>(frame[kNameSizesAt]) +
                              load_u16be(&frame[kNameSizesAt + 1]) +
                              load_u16be(&frame[kNameSizesAt + 3]);
    ByteReader body(frame.subspan(kFrameHeaderBytes + names));
    if (const std::size_t messages = messages_in(frame); messages > 0) {
        part.from = {sequence - 1, 0};
        part.to = {sequence - 1 + messages, 0};
        return part;
    }
    body.u8();
    const std::uint32_t chunk_bytes = body.u16be();
    const std::uint32_t total_bytes = body.u32be();
    const std::uint32_t offset = body.u32be();
    part.from = {sequence, offset};
    part.to = {sequence, offset + std::min(chunk_bytes, total_bytes - offset)};
    return part;
}

std::size_t fragment_capacity(std::size_t datagram_bytes, const Envelope& header) {
    if (!is_addressed(header)) return 0;
    const std::size_t overhead = kFrameHeaderBytes + header.from_host.size() + header.to.size() +
                                 header.slot.size() + kFragmentBytes;
    const std::size_t room = std::min(datagram_bytes, kMaxFrameBytes);
    return room > overhead ? room - overhead : 0;
}

Bytes fill_frame(std::span<std::byte> buffer, std::size_t frame_bytes) {
    if (frame_bytes == buffer.size()) return buffer;
    buffer[kMarksAt] |= std::byte{kFilled};
    std::ranges::fill(buffer.subspan(frame_bytes), std::byte{0});
    return buffer;
}

Bytes encode_single(std::span<std::byte> buffer, const Envelope& envelope) {
    if (envelope.kind == Kind::message || !is_encodable(envelope)) return {};
    ByteWriter out(frame_part(buffer));
    encode_header(out, envelope);
    if (envelope.kind == Kind::fragment) {
        out.u8(to_byte(envelope.format));
        out.u16be(envelope.chunk_bytes);
        out.u32be(envelope.total_bytes);
        out.u32be(envelope.offset);
        out.put(envelope.payload);
    } else if (has_sized_payload(envelope.kind)) {
        out.u16be(static_cast<std::uint16_t>(envelope.payload.size()));
        out.put(envelope.payload);
    }
    return out.ok() ? out.written() : Bytes{};
}

}  // namespace mailslot::wire
