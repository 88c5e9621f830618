#include "carrier/udp/datagram_packer.h"

#include <algorithm>

#include "base/check.h"
#include "wire/frame.h"

namespace mailslot {

Result<void> DatagramPacker::begin(const Destination& to, std::span<const Envelope> messages,
                                   std::size_t datagram_bytes) {
    datagram_bytes_ = std::min(datagram_bytes, kMaxDatagramBytes);
    memory_.resize(kBatch * kMaxDatagramBytes);
    to_ = &to;
    messages_ = messages;
    next_message_ = offset_ = done_before_ = 0;
    if (messages.empty()) return {};
    most_chunk_bytes_ = wire::fragment_capacity(datagram_bytes_, addressed(messages.front()));
    if (most_chunk_bytes_ == 0) {
        return Error{Errc::message_too_big, "send", 0,
                     "the names of host, slot and domain leave no room in a datagram"};
    }
    for (const Envelope& message : messages) {
        if (auto fits = check(message); !fits) return fits;
    }
    return {};
}

Result<void> DatagramPacker::check(const Envelope& message) {
    if (message.payload.size() > kMaxNetworkMessageBytes) {
        return Error{Errc::message_too_big, "send", 0,
                     std::to_string(message.payload.size()) + " bytes; the network carries " +
                         std::to_string(kMaxNetworkMessageBytes)};
    }
    if (message.kind == Kind::message) return {};
    const std::span<std::byte> scratch = std::span(memory_).first(datagram_bytes_);
    if (wire::encode_single(scratch, addressed(message)).empty()) {
        return Error{Errc::message_too_big, "pack", 0, "the message must fit a single datagram"};
    }
    return {};
}

std::span<const Bytes> DatagramPacker::next() {
    done_before_ = next_message_;
    std::size_t count = 0;
    while (count < kBatch && next_message_ < messages_.size()) {
        const auto buffer = std::span(memory_).subspan(count * kMaxDatagramBytes, datagram_bytes_);
        const bool may_be_filled = messages_[next_message_].kind == Kind::message;
        const Bytes datagram = pack(buffer);
        MAILSLOT_CHECK(!datagram.empty());  // check() made sure that all fits
        const bool is_last = next_message_ == messages_.size();
        datagrams_[count] = may_be_filled && !is_last ? fill(buffer, datagram) : datagram;
        done_after_[count++] = next_message_;
    }
    return std::span(datagrams_).first(count);
}

Bytes DatagramPacker::fill(std::span<std::byte> buffer, Bytes datagram) {
    const std::size_t bytes = sizes_.fill_to(datagram.size(), buffer.size());
    return wire::fill_frame(buffer.first(bytes), datagram.size());
}

std::size_t DatagramPacker::messages_done(std::size_t count) const {
    return count == 0 ? done_before_ : done_after_[count - 1];
}

Envelope DatagramPacker::addressed(const Envelope& message) const {
    Envelope out = message;
    out.scope = to_->scope;
    out.to = to_->to;
    return out;
}

Bytes DatagramPacker::pack(std::span<std::byte> buffer) {
    const Envelope& first = messages_[next_message_];
    if (offset_ > 0) return pack_fragment(buffer);
    if (first.kind != Kind::message) {
        ++next_message_;
        return wire::encode_single(buffer, addressed(first));
    }
    wire::FrameWriter writer(buffer, addressed(first));
    while (next_message_ < messages_.size() && messages_[next_message_].kind == Kind::message &&
           writer.add(messages_[next_message_])) {
        ++next_message_;
    }
    return writer.count() > 0 ? writer.finish() : pack_fragment(buffer);
}

Bytes DatagramPacker::pack_fragment(std::span<std::byte> buffer) {
    const Envelope& message = messages_[next_message_];
    const std::size_t size = message.payload.size();
    const Envelope part = part_of(addressed(message), EvenParts(size, most_chunk_bytes_), offset_);
    offset_ += part.payload.size();
    if (offset_ == size) {
        offset_ = 0;
        ++next_message_;
    }
    return wire::encode_single(buffer, part);
}

}  // namespace mailslot
