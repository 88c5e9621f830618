// One writer's way to other machines. What is put within one burst shares datagrams, and datagrams
// pieces (docs/protocol/udp-carrier.md, "In pieces"): a call of the system costs as much as
// encoding a hundred small messages. The whole of it is in this file and remote_writer.cc; the
// thread that sees to what nobody puts behind is in flusher.h.
//
// Lone or part of a burst. A put that comes kCloseTime or less after the end of the one before is
// close to it. After `needed_closeness_` puts in a row that were close, a put is held: encoded at
// once into the open piece. All others are lone: what they put is sent when put() returns. At first
// one close put is enough. When the clock has to send a piece with less than kWorthHolding
// messages, holding cost them time and saved little: twice as many close puts are needed then, up
// to kMostCloseness; so two programs that answer each other faster than kCloseTime soon write lone
// messages. A piece that gets full makes it one again.
//
// A piece leaves when it is full; before a message that cannot be in it (one that is larger than a
// piece, other marks, another destination), so that the order stays; kHoldTime after its first
// message, by the put that sees it or by the flusher; and when the writer closes, forks or not, or
// its process ends by exit(). A child of fork has a RemoteWriter of its own: what is held here
// stays the parent's, and leaves once.
//
// What it may cost: a process that is killed loses what it held, up to a piece or kHoldTime of it.
// An error that a held message meets is told by the next put, and the reader counts the gap.
//
// Room. A put whose caller waits for room (Batch::waits) loses nothing for want of it: what the
// send buffers do not take goes to the backlog, and no further put is taken before that has left.
// The caller waits, without the writer's lock, and puts again. Other puts wait a moment, in the
// carrier, and then drop.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "api/backlog.h"
#include "api/flusher.h"
#include "base/clock.h"
#include "carrier/carrier.h"
#include "carrier/udp/datagram_packer.h"
#include "carrier/udp/host_resolver.h"
#include "carrier/udp/open_piece.h"
#include "mailslot/mailslot.h"
#include "model/address.h"
#include "model/form.h"
#include "model/own_host.h"
#include "model/settings.h"

namespace mailslot {

// About what sending one message costs. Whoever needs more between two puts is not slowed down much
// by sending each, and two programs that answer each other need at least two such times.
inline constexpr std::chrono::microseconds kCloseTime{10};
// In the time that a piece is held at most, so many could have been sent one by one.
inline constexpr std::size_t kWorthHolding = 16;
inline constexpr int kMostCloseness = 256;

// How long whoever wants room waits before the next try: at 100 Mbit/s a fifth of a small send
// buffer leaves meanwhile.
inline constexpr std::chrono::milliseconds kRoomRetry{5};
// Error::step of what messages met that were held: the put that tells it has put nothing.
inline constexpr const char* kLateStep = "send earlier messages";

// Threads: one at a time.
class RemoteWriter {
public:
    struct Ports {
        const Settings& settings;
        const Clock& clock;
        std::unique_ptr<Carrier> carrier;
        std::function<std::unique_ptr<Carrier>()> make_neighbours;  // where no interface is there
        std::unique_ptr<HostResolver> resolver;                     // of a host's name; or none
    };
    RemoteWriter(const Address& address, std::uint64_t origin, Timeout wait_for_address,
                 Ports ports);

    std::size_t max_message_bytes() const { return max_message_bytes_; }

    // Messages that belong together, each small enough.
    struct Batch {
        std::span<const std::string_view> texts;
        Form form{};
        std::uint64_t first_sequence = 0;
        std::int64_t sent_at_us = 0;
        std::uint64_t station = 0;
        bool delivered_at_home = false;
        bool continues = false;  // the batch before it was of the same put
        bool waits = false;      // the caller waits where there is no room
    };
    // Sends or holds them; how many. Errors, of the first: unreachable, no_resources,
    // message_too_big.
    Result<std::size_t> put(const Batch& batch);
    // The usual case of a stream, at the lowest price: one message joins what is held, and nothing
    // has to leave. False: nothing was done; put() it.
    bool hold(const wire::FrameRecord& message) {
        const std::int64_t since = message.sent_at_us - last_put_us_;
        const std::int64_t held_for = message.sent_at_us - piece_begun_us_;
        const bool goes_on = is_holding_ && !piece_.is_empty() && !piece_at_home_ && since >= 0 &&
                             since <= kCloseTime.count() && held_for < kHoldTime.count();
        if (!goes_on || late_error_ || !piece_.add(message)) return false;
        last_put_us_ = message.sent_at_us;
        return true;
    }
    // Whether parts of the message behind those that the last put() sent may have left: its number
    // must never name another one.
    bool is_half_sent() const { return is_half_sent_; }
    // Whether the last put() or flush() stopped for want of room: nothing is lost, and the caller
    // may wait kRoomRetry and do the same again.
    bool wants_room() const { return wants_room_; }
    // Sends what is held.
    void flush();
    // The same at the end of the writer or its process: waits as long as room comes.
    void finish();
    // Messages that left by no way, so far.
    std::uint64_t lost() const { return lost_; }
    void count_lost() { ++lost_; }
    std::vector<WayInfo> ways() const { return carrier_->ways(); }
    // What became of messages that were held, once; to be asked before each put.
    std::optional<Error> take_late_error() { return std::exchange(late_error_, std::nullopt); }
    // Until when what is held must be flushed.
    std::optional<Clock::Instant> due() const;
    // From now on every put is sent at once.
    void hold_nothing() { may_hold_ = false; }

    // Flushes, and says that the writer closes.
    void end(std::uint64_t next_sequence);

private:
    // How far something came that was to be sent.
    struct Outcome {
        std::size_t left = 0;  // messages that left
        std::optional<Error> error{};
        bool is_half = false;  // parts of the next one have left
    };

    bool decide_to_hold(std::int64_t now_us);
    bool suits(const Batch& batch) const;
    void begin_piece(const Batch& batch);
    Outcome send_piece();
    Outcome send_to_one(std::span<const Bytes> frames);
    Outcome send_to_many(std::span<const Bytes> frames);
    std::size_t messages_at(std::size_t frame) const;
    void keep_piece(std::size_t from);
    bool send_backlog();
    void tell_later(Error error);
    Result<std::size_t> no_room(const Batch& batch);
    void send_held();
    void learn_from_clock();
    void hear_at_once();
    std::optional<Error> send_large(const Batch& batch, std::size_t index);
    std::optional<Error> send_parts(std::span<const Bytes> parts);
    void keep_parts(std::span<const Bytes> parts);
    bool reaches_neighbours(std::span<const Bytes> frames);
    bool reaches_neighbours(const Envelope& message);
    Result<std::size_t> put_all(const Batch& batch);
    Carrier& neighbours();
    bool is_to_one() const { return resolver_ != nullptr || address_.place == Place::ip; }
    Destination destination();
    Envelope envelope(const Batch& batch) const;

    const Address& address_;
    const std::uint64_t origin_;
    const Timeout wait_for_address_;
    const Settings& settings_;
    mutable OwnHost host_{settings_};
    const Clock& clock_;
    const std::unique_ptr<Carrier> carrier_;
    const std::function<std::unique_ptr<Carrier>()> make_neighbours_;
    const std::unique_ptr<HostResolver> resolver_;
    const std::size_t max_message_bytes_;
    std::unique_ptr<Carrier> neighbours_;
    bool is_first_ = true;         // nothing was sent yet
    Clock::Instant first_sent_{};  // through sleep

    OpenPiece piece_;
    Destination to_;  // of the open piece
    std::uint64_t piece_station_ = 0;
    bool piece_at_home_ = false;
    Clock::Instant piece_begun_{};
    std::int64_t piece_begun_us_ = 0;

    bool has_sent_ = false;      // during this put
    bool is_half_sent_ = false;  // likewise
    bool may_hold_ = true;
    bool is_holding_ = false;       // the last put was part of a burst
    std::int64_t last_put_us_ = 0;  // when it ended
    int closeness_ = 0;             // puts in a row that were close
    int needed_closeness_ = 1;
    std::optional<Error> late_error_;

    Backlog backlog_;
    DatagramPacker packer_;       // of a message that fits no piece
    bool waits_ = false;          // the last put() waits where there is no room
    bool wants_room_ = false;     // the last put() or flush()
    Clock::Instant try_again_{};  // to send the backlog
    std::uint64_t lost_ = 0;
};

}  // namespace mailslot
