#include "carrier/udp/piece_sender.h"

#include <algorithm>

#include "carrier/carrier_writer.h"

namespace mailslot {
namespace {

// Returns how many messages of the piece are complete with this frame, and not before.
std::size_t messages_at(const OpenPiece& piece, std::size_t frame) {
    return piece.messages_in(frame + 1) - piece.messages_in(frame);
}

}  // namespace

PieceSender::Outcome PieceSender::send(OpenPiece& piece, Destination to, bool is_at_home) {
    to_ = std::move(to);
    to_.keeps_rest = waits_;
    to_.wait_for_turn = wait_for_turn_;
    const Outcome outcome = is_to_one_ ? send_to_one(piece) : send_to_many(piece, is_at_home);
    piece.clear();
    return outcome;
}

// Returns whether the frames that did not leave go to the backlog.
bool PieceSender::may_wait(const Result<std::size_t>& sent) const {
    if (sent) return *sent == 0;  // their turn did not come
    return waits_ && is_want_of_room(sent.error());
}

PieceSender::Outcome PieceSender::send_to_one(OpenPiece& piece) {
    const auto frames = piece.datagrams();
    std::size_t left = 0;
    while (left < frames.size()) {
        auto sent = sender_->send_packed(to_, frames.subspan(left));
        if (may_wait(sent)) {
            keep(piece, left);
            break;
        }
        if (!sent) {
            const bool is_half = left > 0 && piece.messages_in(left) == piece.messages_in(left - 1);
            return {piece.messages_in(left), std::move(sent.error()), is_half};
        }
        left += *sent;
    }
    return {piece.messages()};
}

// Sending to many: an unreachable machine is like a machine that does not listen. Frames without
// room in our own buffers are a gap in the sequence, which every reader counts. The writer gets an
// error only for messages that nobody can get: nothing left this machine, and no slot here
// took them.
PieceSender::Outcome PieceSender::send_to_many(OpenPiece& piece, bool is_at_home) {
    const auto frames = piece.datagrams();
    std::optional<Error> error;
    std::size_t lost = 0;
    for (std::size_t next = 0; next < frames.size();) {
        auto sent = sender_->send_packed(to_, frames.subspan(next));
        if (may_wait(sent)) {
            keep(piece, next);
            break;
        }
        if (sent) {
            next += *sent;
            continue;
        }
        if (sent.error().reason == Reason::not_sealed) return {0, std::move(sent.error())};
        const bool is_full = is_want_of_room(sent.error());
        if (is_full || !is_at_home) {
            lost += messages_at(piece, next);
            if (!is_full) error = std::move(sent.error());
        }
        ++next;
    }
    if (error && lost == piece.messages()) return {0, std::move(error)};
    lost_ += lost;
    return {piece.messages()};
}

std::optional<Error> PieceSender::send_large(OpenPiece& piece, Destination to,
                                             const Envelope& message) {
    to_ = std::move(to);
    to_.keeps_rest = waits_;
    to_.wait_for_turn = wait_for_turn_;
    const std::size_t most = sender_->max_frame_bytes();
    if (auto fits = check_messages(to_, {&message, 1}, most); !fits) return fits.error();
    std::optional<Error> error;
    for (Unpacked rest{{&message, 1}}; !rest.is_empty() && !error;) {
        piece.fill(to_, rest, most);
        error = send_parts(piece);
    }
    piece.clear();
    if (!error || is_to_one_ || error->reason == Reason::not_sealed) return error;
    // As in send_to_many().
    const bool is_full = is_want_of_room(*error);
    lost_ += is_full;
    if (is_full || message.delivered_at_home) return std::nullopt;
    return error;
}

// Sends the parts in the piece. Parts that must wait, and all later parts, go to the backlog.
std::optional<Error> PieceSender::send_parts(OpenPiece& piece) {
    const auto parts = piece.datagrams();
    std::size_t left = 0;
    while (left < parts.size() && backlog_.is_empty()) {
        const auto sent = sender_->send_packed(to_, parts.subspan(left));
        if (may_wait(sent)) break;
        if (!sent) return sent.error();
        left += *sent;
    }
    if (left < parts.size()) keep(piece, left);
    return std::nullopt;
}

// Adds frames that cannot leave yet, from `from` on, to the backlog.
void PieceSender::keep(OpenPiece& piece, std::size_t from) {
    if (backlog_.is_empty()) backlog_.begin(to_);
    const auto frames = piece.datagrams();
    for (std::size_t i = from; i < frames.size(); ++i)
        backlog_.add(frames[i], messages_at(piece, i));
    try_again_ = clock_.now() + kRoomRetry;
}

Result<bool> PieceSender::send_backlog() {
    if (backlog_.is_empty()) return true;
    const auto sent = backlog_.send(*sender_, wait_for_turn_);
    if (sent) return true;
    if (is_want_of_room(sent.error())) {
        try_again_ = clock_.now() + kRoomRetry;
        return false;
    }
    clear_backlog();
    return sent.error();
}

void PieceSender::clear_backlog() {
    lost_ += backlog_.messages();
    backlog_.clear();
}

}  // namespace mailslot
