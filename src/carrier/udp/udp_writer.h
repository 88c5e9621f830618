// Sends one writer's messages to other machines. Messages put within one burst share datagrams, and
// datagrams share pieces (docs/protocol/udp-carrier.md, "In pieces"), because a system call costs
// as much as encoding a hundred small messages. The code is in this file and in udp_writer.cc.
// The thread that sends messages which no further put sends is in flusher.h.
//
// Lone or part of a burst. A put is close if it comes at most kCloseTime after the end of the put
// before. After `needed_closeness_` close puts in a row, further puts are held: encoded at once
// into the open piece. All others are lone: they are sent before put() returns. At first a single
// close put is enough. If the clock sends a piece with fewer than kWorthHolding messages, holding
// cost time and saved little, so twice as many close puts are needed from then on, up to
// kMostCloseness. Two programs that answer each other faster than kCloseTime therefore soon send
// lone messages. A full piece resets the number to 1.
//
// A piece leaves when it is full; before a message that cannot join it (larger than a piece, other
// marks, another destination), so that the order stays; kHoldTime after its first message, by the
// put that notices or by the flusher; and when the writer closes, or its process ends by exit(). A
// child of fork has a UdpWriter of its own: held messages stay the parent's, and leave once.
//
// Costs. A killed process loses its held messages, up to a piece or kHoldTime of them. An error of
// a held message is returned by the next put, and the reader counts the gap.
//
// Room. A put whose caller waits for room (Batch::waits) loses nothing for want of room: frames
// that find no room in the send buffers go to the backlog, and no further put is taken until they
// have left. The caller waits without the writer's lock, and puts again. Other puts wait a moment
// in the carrier, and then drop.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "carrier/carrier_writer.h"
#include "carrier/flusher.h"
#include "carrier/udp/frame_sender.h"
#include "carrier/udp/host_resolver.h"
#include "carrier/udp/open_piece.h"
#include "carrier/udp/piece_sender.h"
#include "model/own_host.h"

namespace mailslot {

// About the cost of sending a message. A program with longer pauses between puts loses little by
// sending each message, and two programs that answer each other need at least two such times.
inline constexpr std::chrono::microseconds kCloseTime{10};
// Number of messages that could be sent singly within the hold time.
inline constexpr std::size_t kWorthHolding = 16;
inline constexpr int kMostCloseness = 256;

// Threads: one at a time.
class UdpWriter final : public CarrierWriter {
public:
    // `resolver`: null unless the address is a host's name.
    UdpWriter(const WriterNeeds& needs, std::unique_ptr<FrameSender> sender,
              std::unique_ptr<HostResolver> resolver);

    Result<std::size_t> how_many_fit(std::span<const std::string_view> texts, Form form) override;
    Result<std::size_t> put(const Batch& batch) override;
    bool has_used_next() const override { return has_used_next_; }
    bool wants_room() const override { return wants_room_; }
    bool hold(const wire::FrameRecord& message) override {
        const std::int64_t since = message.sent_at_us - last_put_us_;
        const std::int64_t held_for = message.sent_at_us - piece_begun_us_;
        const bool goes_on = is_holding_ && !piece_.is_empty() && !piece_at_home_ && since >= 0 &&
                             since <= kCloseTime.count() && held_for < kHoldTime.count();
        if (!goes_on || late_error_ || !piece_.add(message)) return false;
        last_put_us_ = message.sent_at_us;
        return true;
    }
    void hold_nothing() override { may_hold_ = false; }
    std::optional<Clock::Instant> due() const override;
    void send_held() override;
    void flush() override;
    void finish() override;
    std::optional<Error> take_late_error() override {
        return std::exchange(late_error_, std::nullopt);
    }
    void end(std::uint64_t next_sequence) override;
    Departures departures() const override { return {pieces_.lost(), pieces_.ways()}; }

private:
    Result<std::size_t> put_or_wait(const Batch& batch);
    bool decide_to_hold(std::int64_t now_us);
    bool suits(const Batch& batch) const;
    void begin_piece(const Batch& batch);
    PieceSender::Outcome send_piece();
    bool send_backlog();
    void tell_later(Error error);
    Result<std::size_t> no_room(const Batch& batch);
    void send_open_piece();
    void learn_from_clock();
    void hear_at_once();
    std::optional<Error> send_large(const Batch& batch, std::size_t index);
    Result<std::size_t> put_all(const Batch& batch);
    bool is_to_one() const { return resolver_ != nullptr || address_.place == Place::ip; }
    Destination destination();
    Envelope envelope(const Batch& batch) const;

    const Address& address_;
    const std::uint64_t origin_;
    const Timeout wait_for_address_;
    const Settings& settings_;
    mutable OwnHost host_{settings_};
    const Clock& clock_;
    const std::unique_ptr<HostResolver> resolver_;
    PieceSender pieces_;
    bool is_first_ = true;         // nothing was sent yet
    Clock::Instant first_sent_{};  // by a clock that runs on in sleep

    OpenPiece piece_;
    Destination to_;  // destination of the open piece
    std::uint64_t piece_machine_id_ = 0;
    bool piece_at_home_ = false;
    Clock::Instant piece_begun_{};
    std::int64_t piece_begun_us_ = 0;

    bool has_sent_ = false;       // during this put
    bool is_half_sent_ = false;   // likewise: parts of the next message may have left
    bool has_used_next_ = false;  // likewise
    bool may_hold_ = true;
    bool is_holding_ = false;       // the last put was part of a burst
    std::int64_t last_put_us_ = 0;  // end of the last put
    int closeness_ = 0;             // close puts in a row
    int needed_closeness_ = 1;
    std::optional<Error> late_error_;

    bool wants_room_ = false;  // after the last put() or flush()
};

std::unique_ptr<CarrierWriter> make_udp_writer(const WriterNeeds& needs);
// Makes a writer whose messages to the group are for this machine alone.
std::unique_ptr<CarrierWriter> make_udp_writer_to_this_machine(const WriterNeeds& needs);

}  // namespace mailslot
