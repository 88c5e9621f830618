#include "carrier/udp/open_piece.h"

#include <algorithm>

namespace mailslot {

void OpenPiece::begin(const Envelope& header, std::size_t datagram_bytes) {
    datagram_bytes_ = std::min(datagram_bytes, kMaxDatagramBytes);
    most_bytes_ = os::kPieceBytes * datagram_bytes_ / kMaxDatagramBytes;
    memory_.resize(os::kPieceBytes);
    used_ = closed_ = messages_ = 0;
    writer_.emplace(std::span(memory_).first(datagram_bytes_), header);
}

bool OpenPiece::add(const wire::FrameRecord& message) {
    if (!writer_) return false;
    if (writer_->add(message)) {
        ++messages_;
        return true;
    }
    if (messages_ == 0 || !next_datagram()) return false;
    if (!writer_->add(message)) return false;
    ++messages_;
    return true;
}

// False: the piece is full.
bool OpenPiece::next_datagram() {
    if (writer_->count() == 0) return false;  // what was just refused would be again
    const wire::FrameWriter& before = *writer_;
    const std::size_t end = used_ + writer_->size();
    if (closed_ + 1 == os::kPieceDatagrams || end + datagram_bytes_ > most_bytes_) return false;
    const std::span<std::byte> rest = std::span(memory_).subspan(end, datagram_bytes_);
    const wire::FrameWriter next(rest, before);
    close_datagram();
    writer_ = next;
    return true;
}

void OpenPiece::close_datagram() {
    datagrams_[closed_] = writer_->finish();
    messages_after_[closed_] = messages_;
    used_ += datagrams_[closed_].size();
    ++closed_;
}

std::span<const Bytes> OpenPiece::datagrams() {
    if (writer_ && writer_->count() > 0) close_datagram();
    writer_.reset();
    return std::span(datagrams_).first(closed_);
}

std::size_t OpenPiece::messages_in(std::size_t datagrams) const {
    return datagrams == 0 ? 0 : messages_after_[datagrams - 1];
}

}  // namespace mailslot
