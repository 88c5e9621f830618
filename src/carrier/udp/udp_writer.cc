#include "carrier/udp/udp_writer.h"

#include <algorithm>
#include <limits>
#include <string>
#include <thread>

#include "carrier/udp/udp_sender.h"
#include "os/failure.h"

namespace mailslot {
namespace {

using std::chrono::milliseconds;

// Copies of the end message. A single copy may get lost like any datagram, and nothing comes after
// it to show the gap.
constexpr int kEndCopies = 3;

// When the writer closes, the backlog gets up to 5 s, as long as something leaves every
// half second.
constexpr int kLastWaits = 1000;
constexpr int kLastWaitsInVain = 100;

}  // namespace

UdpWriter::UdpWriter(const WriterNeeds& needs, std::unique_ptr<FrameSender> sender,
                     std::unique_ptr<HostResolver> resolver)
    : address_(needs.address),
      origin_(needs.origin),
      wait_for_address_(needs.wait_for_address),
      settings_(needs.settings),
      clock_(needs.clock),
      resolver_(std::move(resolver)),
      pieces_(std::move(sender), needs.clock, is_to_one()) {}

Result<std::size_t> UdpWriter::how_many_fit(std::span<const std::string_view> texts, Form) {
    const auto too_big = std::ranges::find_if(
        texts, [](std::string_view text) { return text.size() > kMaxNetworkMessageBytes; });
    if (too_big != texts.begin()) return static_cast<std::size_t>(too_big - texts.begin());
    return Error{Errc::message_too_big, "send", 0,
                 "the network takes at most " + std::to_string(kMaxNetworkMessageBytes) + " bytes"};
}

Result<std::size_t> UdpWriter::put(const Batch& batch) {
    has_sent_ = is_half_sent_ = wants_room_ = false;
    auto done = put_or_wait(batch);
    const bool may_have_left = !done && !wants_room_ && done.error().code != Errc::message_too_big;
    has_used_next_ = is_half_sent_ || may_have_left;
    pieces_.count_lost(has_used_next_);
    return done;
}

Result<std::size_t> UdpWriter::put_or_wait(const Batch& batch) {
    if (!batch.continues) is_holding_ = decide_to_hold(batch.sent_at_us);
    pieces_.set_patience(batch.waits);
    if (!send_backlog()) return no_room(batch);
    if (!piece_.is_empty() && (!is_holding_ || !suits(batch))) send_open_piece();
    if (!pieces_.backlog().is_empty()) return no_room(batch);
    auto done = put_all(batch);
    if (!done) hear_at_once();
    if (!piece_.is_empty() && batch.sent_at_us - piece_begun_us_ >= kHoldTime.count()) {
        learn_from_clock();
        send_open_piece();
    }
    last_put_us_ = has_sent_ ? clock_.unix_microseconds() : batch.sent_at_us;
    return done;
}

// Returns an error to callers that wait and to writers to one host. For others, counts the loss:
// fire and forget.
Result<std::size_t> UdpWriter::no_room(const Batch& batch) {
    wants_room_ = batch.waits;
    if (batch.waits || is_to_one()) {
        return Error{Errc::no_resources, "send", os::code_of(os::Failure::busy),
                     "the network is slower than the writer"};
    }
    pieces_.count_lost(batch.texts.size());
    return batch.texts.size();
}

// Sends the backlog. Returns false if a rest must wait.
bool UdpWriter::send_backlog() {
    if (pieces_.backlog().is_empty()) return true;
    has_sent_ = true;
    const auto sent = pieces_.send_backlog();
    if (!sent) tell_later(sent.error());
    return !sent || *sent;
}

void UdpWriter::tell_later(Error error) {
    if (error.reason != Reason::not_sealed) {
        error.step = "send earlier messages";
        error.reason = Reason::earlier_messages;
    }
    late_error_ = std::move(error);
}

bool UdpWriter::decide_to_hold(std::int64_t now_us) {
    const std::int64_t since = now_us - last_put_us_;
    const bool is_close = since >= 0 && since <= kCloseTime.count();
    closeness_ = is_close ? std::min(closeness_ + 1, kMostCloseness) : 0;
    return may_hold_ && closeness_ >= needed_closeness_;
}

Result<std::size_t> UdpWriter::put_all(const Batch& batch) {
    std::size_t done = 0;
    std::size_t before_piece = 0;  // value of `done` when the open piece was begun
    const auto stopped = [this](std::size_t at, Error error, bool half) -> Result<std::size_t> {
        is_half_sent_ = half;
        if (at > 0) return at;
        return error;
    };
    while (done < batch.texts.size() && pieces_.backlog().is_empty()) {
        if (piece_.is_empty()) {
            begin_piece(batch);
            before_piece = done;
        }
        const Bytes payload = as_bytes(batch.texts[done]);
        if (piece_.add({batch.first_sequence + done, batch.sent_at_us, batch.form, payload})) {
            ++done;
        } else if (piece_.is_empty()) {
            // Parts may have left, but not if the message was refused for its size.
            if (auto error = send_large(batch, done))
                return stopped(done, *error, error->code != Errc::message_too_big);
            ++done;
        } else if (is_holding_) {
            needed_closeness_ = 1;
            send_open_piece();
        } else if (auto sent = send_piece(); sent.error) {
            return stopped(before_piece + sent.left, *sent.error, sent.is_half);
        }
    }
    if (is_holding_ || piece_.is_empty()) return done;
    if (auto sent = send_piece(); sent.error)
        return stopped(before_piece + sent.left, *sent.error, sent.is_half);
    return done;
}

bool UdpWriter::suits(const Batch& batch) const {
    return piece_at_home_ == batch.delivered_at_home && piece_machine_id_ == batch.machine_id;
}

void UdpWriter::begin_piece(const Batch& batch) {
    piece_begun_ = clock_.now();
    piece_begun_us_ = batch.sent_at_us;
    piece_at_home_ = batch.delivered_at_home;
    piece_machine_id_ = batch.machine_id;
    to_ = destination();
    if (is_first_) first_sent_ = clock_.now_through_sleep();
    is_first_ = false;
    piece_.begin(envelope(batch), pieces_.frames().max_frame_bytes());
}

std::optional<Clock::Instant> UdpWriter::due() const {
    if (!pieces_.backlog().is_empty()) return pieces_.try_again();
    if (piece_.is_empty()) return std::nullopt;
    return piece_begun_ + kHoldTime;
}

void UdpWriter::flush() {
    wants_room_ = !send_backlog();
    if (wants_room_ || piece_.is_empty()) return;
    learn_from_clock();
    send_open_piece();
    wants_room_ = !pieces_.backlog().is_empty();
}

// The flusher serves other writers, too, so it must not wait for a turn.
void UdpWriter::send_held() {
    pieces_.wait_for_no_turn();
    flush();
    pieces_.set_patience(pieces_.waits());
}

void UdpWriter::finish() {
    pieces_.wait_for_no_turn();  // so that the times below hold
    int waits = 0, waits_in_vain = 0;
    for (flush(); wants_room_; flush()) {
        const std::size_t before = pieces_.backlog().frames();
        std::this_thread::sleep_for(kRoomRetry);
        send_backlog();
        waits_in_vain = pieces_.backlog().frames() < before ? 0 : waits_in_vain + 1;
        if (++waits == kLastWaits || waits_in_vain == kLastWaitsInVain) break;
    }
    pieces_.clear_backlog();
    pieces_.count_lost(piece_.messages());
    piece_.clear();
}

// Raises the number of close puts needed, because the clock ended a piece with few messages.
void UdpWriter::learn_from_clock() {
    if (piece_.messages() >= kWorthHolding) return;
    needed_closeness_ = std::min(2 * needed_closeness_, kMostCloseness);
}

// Sends held messages. No caller waits for the result, so the next put returns the error.
void UdpWriter::send_open_piece() {
    if (piece_.is_empty()) return;
    const std::size_t messages = piece_.messages();
    auto sent = send_piece();
    if (!sent.error) return;
    pieces_.count_lost(messages - sent.left);
    tell_later(std::move(*sent.error));
    hear_at_once();
}

// After an error the next puts are lone, until one succeeds.
void UdpWriter::hear_at_once() {
    closeness_ = -1;
    is_holding_ = false;
}

PieceSender::Outcome UdpWriter::send_piece() {
    has_sent_ = true;
    return pieces_.send(piece_, to_, piece_at_home_);
}

// Sends a message that does not fit into a piece, or returns the error if it must not be sent.
std::optional<Error> UdpWriter::send_large(const Batch& batch, std::size_t index) {
    has_sent_ = true;
    Envelope message = envelope(batch);
    message.sequence = batch.first_sequence + index;
    message.sent_at_us = batch.sent_at_us;
    message.format = batch.form;
    message.payload = as_bytes(batch.texts[index]);
    return pieces_.send_large(piece_, to_, message);
}

void UdpWriter::end(std::uint64_t next_sequence) {
    if (is_first_) return;
    finish();
    Batch none;
    none.machine_id = piece_machine_id_;
    none.delivered_at_home = piece_at_home_;
    Envelope end = envelope(none);
    end.kind = Kind::end;
    end.sequence = next_sequence;
    // Without a time, readers could not tell the end from a replay.
    end.sent_at_us = clock_.unix_microseconds();
    const Destination to = destination();
    for (int i = 0; i < kEndCopies; ++i) (void)pieces_.frames().send(to, {&end, 1});
}

Destination UdpWriter::destination() {
    // Only the first message waits for the address. Later messages use what is known by then.
    if (resolver_) {
        return resolver_->destination(address_, is_first_ ? wait_for_address_ : Timeout(0));
    }
    switch (address_.place) {
        case Place::ip:
            return {Scope::direct, "", address_.ip};
        case Place::named:
            break;
        default:
            return {Scope::everybody, "", {}};
    }
    return {Scope::named, address_.place_key, {}};
}

// Returns the envelope fields that all messages of this writer share.
Envelope UdpWriter::envelope(const Batch& batch) const {
    Envelope envelope;
    envelope.scope = to_.scope;
    envelope.to = to_.to;
    envelope.slot = address_.slot.text;
    envelope.from_host = host_.at(clock_.now());
    envelope.machine_id = batch.machine_id;
    envelope.origin = origin_;
    envelope.delivered_at_home = batch.delivered_at_home;
    const auto age =
        std::chrono::duration_cast<milliseconds>(clock_.now_through_sleep() - first_sent_);
    envelope.origin_age_ms = static_cast<std::uint32_t>(
        std::min<std::int64_t>(age.count(), std::numeric_limits<std::uint32_t>::max()));
    return envelope;
}

std::unique_ptr<CarrierWriter> make_udp_writer(const WriterNeeds& needs) {
    return std::make_unique<UdpWriter>(
        needs, std::make_unique<UdpSender>(needs.settings, UdpReach::network, UdpPace::of_path),
        needs.is_to_host ? std::make_unique<HostResolver>(needs.settings, needs.clock) : nullptr);
}

std::unique_ptr<CarrierWriter> make_udp_writer_to_this_machine(const WriterNeeds& needs) {
    return std::make_unique<UdpWriter>(
        needs, std::make_unique<UdpSender>(needs.settings, UdpReach::this_machine, UdpPace::fixed),
        nullptr);
}

}  // namespace mailslot
