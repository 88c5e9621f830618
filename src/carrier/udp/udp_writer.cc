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
      sender_(std::move(sender)),
      resolver_(std::move(resolver)) {}

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
    lost_ += has_used_next_;
    return done;
}

Result<std::size_t> UdpWriter::put_or_wait(const Batch& batch) {
    if (!batch.continues) is_holding_ = decide_to_hold(batch.sent_at_us);
    waits_ = batch.waits;
    if (!send_backlog()) return no_room(batch);
    if (!piece_.is_empty() && (!is_holding_ || !suits(batch))) send_open_piece();
    if (!backlog_.is_empty()) return no_room(batch);
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
    lost_ += batch.texts.size();
    return batch.texts.size();
}

// Sends the backlog. Returns false if there is no room for all of it.
bool UdpWriter::send_backlog() {
    if (backlog_.is_empty()) return true;
    has_sent_ = true;
    const auto sent = backlog_.send(*sender_);
    if (sent) return true;
    if (is_want_of_room(sent.error())) {
        try_again_ = clock_.now() + kRoomRetry;
        return false;
    }
    lost_ += backlog_.messages();
    backlog_.clear();
    tell_later(sent.error());
    return true;
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
    while (done < batch.texts.size() && backlog_.is_empty()) {
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
    piece_.begin(envelope(batch), sender_->max_frame_bytes());
}

std::optional<Clock::Instant> UdpWriter::due() const {
    if (!backlog_.is_empty()) return try_again_;
    if (piece_.is_empty()) return std::nullopt;
    return piece_begun_ + kHoldTime;
}

void UdpWriter::flush() {
    wants_room_ = !send_backlog();
    if (wants_room_ || piece_.is_empty()) return;
    learn_from_clock();
    send_open_piece();
    wants_room_ = !backlog_.is_empty();
}

void UdpWriter::finish() {
    int waits = 0, waits_in_vain = 0;
    for (flush(); wants_room_; flush()) {
        const std::size_t before = backlog_.frames();
        std::this_thread::sleep_for(kRoomRetry);
        send_backlog();
        waits_in_vain = backlog_.frames() < before ? 0 : waits_in_vain + 1;
        if (++waits == kLastWaits || waits_in_vain == kLastWaitsInVain) break;
    }
    lost_ += backlog_.messages() + piece_.messages();
    backlog_.clear();
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
    lost_ += messages - sent.left;
    tell_later(std::move(*sent.error));
    hear_at_once();
}

// After an error the next puts are lone, until one succeeds.
void UdpWriter::hear_at_once() {
    closeness_ = -1;
    is_holding_ = false;
}

UdpWriter::Outcome UdpWriter::send_piece() {
    has_sent_ = true;
    to_.keeps_rest = waits_;
    const auto frames = piece_.datagrams();
    const Outcome outcome = is_to_one() ? send_to_one(frames) : send_to_many(frames);
    piece_.clear();
    return outcome;
}

UdpWriter::Outcome UdpWriter::send_to_one(std::span<const Bytes> frames) {
    std::size_t left = 0;
    while (left < frames.size()) {
        auto sent = sender_->send_packed(to_, frames.subspan(left));
        if (sent) {
            left += *sent;
        } else if (waits_ && is_want_of_room(sent.error())) {
            keep_piece(left);
            break;
        } else {
            const bool is_half =
                left > 0 && piece_.messages_in(left) == piece_.messages_in(left - 1);
            return {piece_.messages_in(left), std::move(sent.error()), is_half};
        }
    }
    return {piece_.messages()};
}

// Sending to many: an unreachable machine is like a machine that does not listen. Frames without
// room in our own buffers are a gap in the sequence, which every reader counts. The writer gets an
// error only for messages that nobody can get: nothing left this machine, and no slot here
// took them.
UdpWriter::Outcome UdpWriter::send_to_many(std::span<const Bytes> frames) {
    std::optional<Error> error;
    std::size_t lost = 0;
    for (std::size_t next = 0; next < frames.size();) {
        auto sent = sender_->send_packed(to_, frames.subspan(next));
        if (sent) {
            next += std::max<std::size_t>(*sent, 1);
            continue;
        }
        if (sent.error().reason == Reason::not_sealed) return {0, std::move(sent.error())};
        const bool is_full = is_want_of_room(sent.error());
        if (is_full && waits_) {
            keep_piece(next);
            break;
        }
        if (is_full || !piece_at_home_) {
            lost += messages_at(next);
            if (!is_full) error = std::move(sent.error());
        }
        ++next;
    }
    if (error && lost == piece_.messages()) return {0, std::move(error)};
    lost_ += lost;
    return {piece_.messages()};
}

// Returns how many messages of the piece are complete with this frame, and not before.
std::size_t UdpWriter::messages_at(std::size_t frame) const {
    return piece_.messages_in(frame + 1) - piece_.messages_in(frame);
}

// Adds frames that found no room, from `from` on, to the backlog.
void UdpWriter::keep_piece(std::size_t from) {
    if (backlog_.is_empty()) backlog_.begin(to_);
    const auto frames = piece_.datagrams();
    for (std::size_t i = from; i < frames.size(); ++i) backlog_.add(frames[i], messages_at(i));
    try_again_ = clock_.now() + kRoomRetry;
}

// Sends a message that does not fit into a piece, or returns the error if it must not be sent.
std::optional<Error> UdpWriter::send_large(const Batch& batch, std::size_t index) {
    has_sent_ = true;
    to_.keeps_rest = waits_;
    Envelope message = envelope(batch);
    message.sequence = batch.first_sequence + index;
    message.sent_at_us = batch.sent_at_us;
    message.format = batch.form;
    message.payload = as_bytes(batch.texts[index]);
    const std::size_t most = sender_->max_frame_bytes();
    if (auto fits = check_messages(to_, {&message, 1}, most); !fits) return fits.error();
    std::optional<Error> error;
    for (Unpacked rest{{&message, 1}}; !rest.is_empty() && !error;) {
        piece_.fill(to_, rest, most);
        error = send_parts();
    }
    piece_.clear();
    if (!error || is_to_one() || error->reason == Reason::not_sealed) return error;
    // As in send_to_many().
    const bool is_full = is_want_of_room(*error);
    lost_ += is_full;
    if (is_full || batch.delivered_at_home) return std::nullopt;
    return error;
}

// Sends the parts in the piece. Parts that must wait for room, and all later parts, go to
// the backlog.
std::optional<Error> UdpWriter::send_parts() {
    const auto parts = piece_.datagrams();
    std::size_t left = 0;
    while (left < parts.size() && backlog_.is_empty()) {
        const auto sent = sender_->send_packed(to_, parts.subspan(left));
        if (!sent && !(waits_ && is_want_of_room(sent.error()))) return sent.error();
        if (!sent) break;
        left += *sent;
    }
    if (left < parts.size()) keep_piece(left);
    return std::nullopt;
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
    for (int i = 0; i < kEndCopies; ++i) (void)sender_->send(to, {&end, 1});
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
        needs, std::make_unique<UdpSender>(needs.settings, UdpReach::network),
        needs.is_to_host ? std::make_unique<HostResolver>(needs.settings, needs.clock) : nullptr);
}

std::unique_ptr<CarrierWriter> make_udp_writer_to_this_machine(const WriterNeeds& needs) {
    return std::make_unique<UdpWriter>(
        needs, std::make_unique<UdpSender>(needs.settings, UdpReach::this_machine), nullptr);
}

}  // namespace mailslot
