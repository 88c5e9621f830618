#include "carrier/udp/open_piece.h"

#include <algorithm>
#include <string>

#include "base/check.h"

namespace mailslot {
namespace {

Envelope addressed(const Envelope& message, const Destination& to) {
    Envelope out = message;
    out.scope = to.scope;
    out.to = to.to;
    return out;
}

wire::FrameRecord record_of(const Envelope& message) {
    return {message.sequence, message.sent_at_us, message.format, message.payload};
}

Result<void> check_message(const Envelope& message, std::size_t datagram_bytes) {
    if (message.payload.size() > kMaxNetworkMessageBytes) {
        return Error{Errc::message_too_big, "send", 0,
                     std::to_string(message.payload.size()) + " bytes; the network carries " +
                         std::to_string(kMaxNetworkMessageBytes)};
    }
    if (message.kind == Kind::message) return {};
    std::array<std::byte, kMaxDatagramBytes> scratch;
    if (wire::encode_single(std::span(scratch).first(datagram_bytes), message).empty()) {
        return Error{Errc::message_too_big, "pack", 0, "the message must fit a single datagram"};
    }
    return {};
}

}  // namespace

Result<void> check_messages(const Destination& to, std::span<const Envelope> messages,
                            std::size_t datagram_bytes) {
    datagram_bytes = std::min(datagram_bytes, kMaxDatagramBytes);
    if (messages.empty()) return {};
    if (wire::fragment_capacity(datagram_bytes, addressed(messages.front(), to)) == 0) {
        return Error{Errc::message_too_big, "send", 0,
                     "the names of host, slot and domain leave no room in a datagram"};
    }
    for (const Envelope& message : messages) {
        if (auto fits = check_message(addressed(message, to), datagram_bytes); !fits) return fits;
    }
    return {};
}

void OpenPiece::begin(const Envelope& header, std::size_t datagram_bytes) {
    header_ = header;
    datagram_bytes_ = std::min(datagram_bytes, kMaxDatagramBytes);
    most_bytes_ = os::kPieceBytes * datagram_bytes_ / kMaxDatagramBytes;
    memory_.resize(os::kPieceBytes);
    used_ = closed_ = messages_ = 0;
    open_datagram();
    const std::size_t taken = writer_->size() + kContentHeadBytes;
    most_small_ = datagram_bytes_ - std::min(taken, datagram_bytes_);
    most_chunk_ = wire::fragment_capacity(datagram_bytes_, header);
}

void OpenPiece::open_datagram() {
    writer_.emplace(std::span(memory_).subspan(used_, datagram_bytes_), header_);
}

void OpenPiece::fill(const Destination& to, Unpacked& rest, std::size_t datagram_bytes) {
    Envelope header = addressed(rest.messages.front(), to);
    header.kind = Kind::message;
    begin(header, datagram_bytes);
    while (!rest.is_empty() && add_some(rest)) continue;
    MAILSLOT_CHECK(closed_ > 0 || messages_ > 0);  // check_messages() made sure of that
}

// Adds the next message, or the parts of it that fit. Returns false if the piece is full.
bool OpenPiece::add_some(Unpacked& rest) {
    const Envelope& message = rest.messages.front();
    const bool is_whole = message.kind != Kind::message
                              ? add_single(message)
                              : rest.offset == 0 && add(record_of(message));
    if (!is_whole) {
        // Only a message that fits no piece is split.
        if (message.kind != Kind::message || closed_ > 0 || messages_ > 0) return false;
        rest.offset = add_parts(record_of(message), rest.offset, true);
        if (rest.offset < message.payload.size()) return false;
    }
    rest.messages = rest.messages.subspan(1);
    rest.offset = 0;
    return true;
}

// Adds a message of another kind, in a datagram of its own. Closes the open datagram first.
bool OpenPiece::add_single(const Envelope& message) {
    if (!writer_) return false;
    const std::size_t is_open = writer_->count() > 0 ? 1 : 0;
    const std::size_t at = used_ + is_open * writer_->size();
    const bool has_room =
        closed_ + is_open < os::kPieceDatagrams && at + datagram_bytes_ <= most_bytes_;
    if (!has_room) return false;
    Envelope single = message;
    single.scope = header_.scope;
    single.to = header_.to;
    const Bytes frame =
        wire::encode_single(std::span(memory_).subspan(at, datagram_bytes_), single);
    if (frame.empty()) return false;
    if (is_open != 0) close_datagram(writer_->size());
    take(frame, frame.size(), ++messages_);
    open_next_datagram();
    return true;
}

bool OpenPiece::add(const wire::FrameRecord& message) {
    if (!writer_) return false;
    if (writer_->add(message)) {
        ++messages_;
        return true;
    }
    if (message.payload.size() > most_small_) {
        return add_parts(message, 0, false) == message.payload.size();
    }
    if (messages_ == 0 || !next_datagram()) return false;
    if (!writer_->add(message)) return false;
    ++messages_;
    return true;
}

// Closes the datagram and opens another. Returns false if the piece is full.
bool OpenPiece::next_datagram() {
    if (writer_->count() == 0) return false;  // a second try would fail as well
    const wire::FrameWriter& before = *writer_;
    const std::size_t bytes = sizes_.fill_to(writer_->size(), datagram_bytes_);
    const std::size_t end = used_ + bytes;
    if (closed_ + 1 == os::kPieceDatagrams || end + datagram_bytes_ > most_bytes_) return false;
    const std::span<std::byte> rest = std::span(memory_).subspan(end, datagram_bytes_);
    const wire::FrameWriter next(rest, before);
    close_datagram(bytes);
    writer_ = next;
    return true;
}

// Adds the parts of a message from `offset` on. If not all fit, adds none, or as many as fit if the
// message may be split. Returns the offset behind the last part. Closes the open datagram first.
std::size_t OpenPiece::add_parts(const wire::FrameRecord& message, std::size_t offset,
                                 bool may_split) {
    if (most_chunk_ == 0) return offset;
    const std::size_t size = message.payload.size();
    const EvenParts parts(size, most_chunk_);
    const std::size_t is_open = writer_->count() > 0 ? 1 : 0;
    const std::size_t left = parts.count - offset / parts.bytes;
    const std::size_t most_parts = os::kPieceDatagrams - closed_ - is_open;
    if (left > most_parts && !may_split) return offset;
    const std::size_t open_bytes = is_open * sizes_.fill_to(writer_->size(), datagram_bytes_);
    const std::size_t overhead = datagram_bytes_ - most_chunk_;
    const std::size_t part_bytes = sizes_.fill_to(overhead + parts.bytes, datagram_bytes_);
    const std::size_t taken = std::min(used_ + open_bytes, most_bytes_);
    const std::size_t count = std::min({left, most_parts, (most_bytes_ - taken) / part_bytes});
    if (left > count && !may_split) return offset;

    Envelope whole = header_;
    whole.sequence = message.sequence;
    whole.sent_at_us = message.sent_at_us;
    whole.format = message.format;
    whole.payload = message.payload;
    std::size_t at = used_ + open_bytes;
    for (std::size_t i = 0; i < count; ++i, at += part_bytes) {
        const Envelope part = part_of(whole, parts, offset);
        const Bytes frame = wire::encode_single(std::span(memory_).subspan(at, part_bytes), part);
        if (frame.empty()) return offset;  // can only happen at the first part
        if (i == 0 && is_open != 0) close_datagram(open_bytes);
        offset += part.payload.size();
        if (offset == size) ++messages_;
        take(frame, part_bytes, messages_);
    }
    open_next_datagram();
    return offset;
}

// Opens a datagram behind the closed ones, if there is room.
void OpenPiece::open_next_datagram() {
    writer_.reset();
    if (closed_ < os::kPieceDatagrams && used_ + datagram_bytes_ <= most_bytes_) open_datagram();
}

void OpenPiece::close_datagram(std::size_t bytes) { take(writer_->finish(), bytes, messages_); }

// Adds `frame`, already in its place, as the next datagram, filled up to `bytes`. `messages` are
// complete with it.
void OpenPiece::take(Bytes frame, std::size_t bytes, std::size_t messages) {
    datagrams_[closed_] = wire::fill_frame(std::span(memory_).subspan(used_, bytes), frame.size());
    messages_after_[closed_] = messages;
    used_ += datagrams_[closed_].size();
    ++closed_;
}

std::span<const Bytes> OpenPiece::datagrams() {
    if (writer_ && writer_->count() > 0) close_datagram(writer_->size());
    writer_.reset();
    return std::span(datagrams_).first(closed_);
}

std::size_t OpenPiece::messages_in(std::size_t datagrams) const {
    return datagrams == 0 ? 0 : messages_after_[datagrams - 1];
}

}  // namespace mailslot
