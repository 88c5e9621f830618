#include "carrier/udp/open_piece.h"

#include <algorithm>

namespace mailslot {

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

bool OpenPiece::add(const wire::FrameRecord& message) {
    if (!writer_) return false;
    if (writer_->add(message)) {
        ++messages_;
        return true;
    }
    if (message.payload.size() > most_small_) return add_parts(message);
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

// Adds all parts, or none if they do not fit. Closes the open datagram first.
bool OpenPiece::add_parts(const wire::FrameRecord& message) {
    if (most_chunk_ == 0) return false;
    const EvenParts parts(message.payload.size(), most_chunk_);
    const std::size_t is_open = writer_->count() > 0 ? 1 : 0;
    if (closed_ + is_open + parts.count > os::kPieceDatagrams) return false;
    const std::size_t open_bytes = is_open * sizes_.fill_to(writer_->size(), datagram_bytes_);
    const std::size_t overhead = datagram_bytes_ - most_chunk_;
    const std::size_t part_bytes = sizes_.fill_to(overhead + parts.bytes, datagram_bytes_);
    if (used_ + open_bytes + parts.count * part_bytes > most_bytes_) return false;

    Envelope whole = header_;
    whole.sequence = message.sequence;
    whole.sent_at_us = message.sent_at_us;
    whole.format = message.format;
    whole.payload = message.payload;
    std::size_t at = used_ + open_bytes;
    for (std::size_t i = 0; i < parts.count; ++i, at += part_bytes) {
        const Bytes frame = wire::encode_single(std::span(memory_).subspan(at, part_bytes),
                                                part_of(whole, parts, i * parts.bytes));
        if (frame.empty()) return false;  // can only happen at the first part
        if (i == 0 && is_open != 0) close_datagram(open_bytes);
        take(frame, part_bytes, messages_ + (i + 1 == parts.count ? 1 : 0));
    }
    ++messages_;
    writer_.reset();
    if (closed_ < os::kPieceDatagrams && used_ + datagram_bytes_ <= most_bytes_) open_datagram();
    return true;
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
