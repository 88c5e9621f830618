// Sends the pieces of one writer to a host or to many machines, and keeps frames that cannot leave
// yet in the backlog. UdpWriter decides when a piece leaves.
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "carrier/udp/backlog.h"
#include "carrier/udp/frame_sender.h"
#include "carrier/udp/open_piece.h"

namespace mailslot {

class PieceSender {
public:
    // Result of sending a piece.
    struct Outcome {
        std::size_t left = 0;  // messages that left
        std::optional<Error> error{};
        bool is_half = false;  // parts of the next message have left
    };

    // `is_to_one`: all pieces are for a single host, whose writer hears of every error.
    PieceSender(std::unique_ptr<FrameSender> sender, const Clock& clock, bool is_to_one)
        : sender_(std::move(sender)), clock_(clock), is_to_one_(is_to_one) {}

    // Sets what happens to frames that cannot leave at once. `waits`: frames go to the backlog if
    // there is no room, or if their turn does not come within a moment. Otherwise this sender waits
    // for their turn, and frames without room are lost after a short wait.
    void set_patience(bool waits) {
        waits_ = waits;
        wait_for_turn_ = waits ? WaitForTurn::briefly : WaitForTurn::as_needed;
    }
    // From now until set_patience() frames whose turn has not come go to the backlog.
    void wait_for_no_turn() { wait_for_turn_ = WaitForTurn::never; }
    bool waits() const { return waits_; }

    // Sends the piece and clears it. `is_at_home`: the messages are in a slot of this machine.
    Outcome send(OpenPiece& piece, Destination to, bool is_at_home);
    // Sends a message that does not fit into a piece, which must be empty.
    // Errors: message_too_big if nothing may leave; else the error that stopped the parts.
    std::optional<Error> send_large(OpenPiece& piece, Destination to, const Envelope& message);
    // Sends the backlog. Returns false if a rest must wait until try_again(). After an error the
    // backlog is empty and its messages are lost.
    Result<bool> send_backlog();
    void clear_backlog();  // its messages are lost

    const Backlog& backlog() const { return backlog_; }
    Clock::Instant try_again() const { return try_again_; }  // for the backlog
    FrameSender& frames() { return *sender_; }
    std::vector<WayInfo> ways() const { return sender_->ways(); }
    std::uint64_t lost() const { return lost_; }  // messages
    void count_lost(std::size_t messages) { lost_ += messages; }

private:
    Outcome send_to_one(OpenPiece& piece);
    Outcome send_to_many(OpenPiece& piece, bool is_at_home);
    std::optional<Error> send_parts(OpenPiece& piece);
    bool may_wait(const Result<std::size_t>& sent) const;
    void keep(OpenPiece& piece, std::size_t from);

    const std::unique_ptr<FrameSender> sender_;
    const Clock& clock_;
    const bool is_to_one_;
    bool waits_ = false;
    WaitForTurn wait_for_turn_ = WaitForTurn::as_needed;
    Destination to_;  // of the present piece
    Backlog backlog_;
    Clock::Instant try_again_{};
    std::uint64_t lost_ = 0;
};

}  // namespace mailslot
