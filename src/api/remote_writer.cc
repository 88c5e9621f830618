#include "api/remote_writer.h"

#include <algorithm>
#include <limits>

namespace mailslot {
namespace {

using std::chrono::milliseconds;

// Lost like any datagram, and nothing comes after it that would show the gap.
constexpr int kEndCopies = 3;

// It must be sealed, and cannot be.
bool is_unsealed(const Error& error) {
    return error.code == Errc::no_permission && std::string_view(error.step) == "seal";
}

}  // namespace

RemoteWriter::RemoteWriter(const Address& address, std::uint64_t origin, Timeout wait_for_address,
                           Ports ports)
    : address_(address),
      origin_(origin),
      wait_for_address_(wait_for_address),
      settings_(ports.settings),
      clock_(ports.clock),
      carrier_(std::move(ports.carrier)),
      make_neighbours_(std::move(ports.make_neighbours)),
      resolver_(std::move(ports.resolver)),
      max_message_bytes_(carrier_->traits().max_message_bytes) {}

Result<std::size_t> RemoteWriter::put(const Batch& batch) {
    if (!batch.continues) is_holding_ = decide_to_hold(batch.sent_at_us);
    has_sent_ = is_half_sent_ = false;
    if (!piece_.is_empty() && (!is_holding_ || !suits(batch))) send_held();
    auto done = put_all(batch);
    if (!done) hear_at_once();
    if (!piece_.is_empty() && batch.sent_at_us - piece_begun_us_ >= kHoldTime.count()) {
        learn_from_clock();
        send_held();
    }
    last_put_us_ = has_sent_ ? clock_.unix_microseconds() : batch.sent_at_us;
    return done;
}

bool RemoteWriter::decide_to_hold(std::int64_t now_us) {
    const std::int64_t since = now_us - last_put_us_;
    const bool is_close = since >= 0 && since <= kCloseTime.count();
    closeness_ = is_close ? std::min(closeness_ + 1, kMostCloseness) : 0;
    return may_hold_ && closeness_ >= needed_closeness_;
}

Result<std::size_t> RemoteWriter::put_all(const Batch& batch) {
    std::size_t done = 0;
    std::size_t before_piece = 0;  // how many were done when the open piece was begun
    const auto stopped = [this](std::size_t at, Error error, bool half) -> Result<std::size_t> {
        is_half_sent_ = half;
        if (at > 0) return at;
        return error;
    };
    while (done < batch.texts.size()) {
        if (piece_.is_empty()) {
            begin_piece(batch);
            before_piece = done;
        }
        const Bytes payload = as_bytes(batch.texts[done]);
        if (piece_.add({batch.first_sequence + done, batch.sent_at_us, batch.form, payload})) {
            ++done;
        } else if (piece_.is_empty()) {
            // Parts may have left, but not of one that is refused for its size.
            if (auto error = send_large(batch, done))
                return stopped(done, *error, error->code != Errc::message_too_big);
            ++done;
        } else if (is_holding_) {
            needed_closeness_ = 1;
            send_held();
        } else if (auto sent = send_piece(); sent.error) {
            return stopped(before_piece + sent.left, *sent.error, sent.is_half);
        }
    }
    if (is_holding_ || piece_.is_empty()) return done;
    if (auto sent = send_piece(); sent.error)
        return stopped(before_piece + sent.left, *sent.error, sent.is_half);
    return done;
}

bool RemoteWriter::suits(const Batch& batch) const {
    return piece_at_home_ == batch.delivered_at_home && piece_station_ == batch.station;
}

void RemoteWriter::begin_piece(const Batch& batch) {
    piece_begun_ = clock_.now();
    piece_begun_us_ = batch.sent_at_us;
    piece_at_home_ = batch.delivered_at_home;
    piece_station_ = batch.station;
    to_ = destination();
    if (is_first_) first_sent_ = piece_begun_;
    is_first_ = false;
    piece_.begin(envelope(batch), carrier_->traits().max_frame_bytes);
}

std::optional<Clock::Instant> RemoteWriter::due() const {
    if (piece_.is_empty()) return std::nullopt;
    return piece_begun_ + kHoldTime;
}

void RemoteWriter::flush() {
    if (piece_.is_empty()) return;
    learn_from_clock();
    send_held();
}

// What was held had not become much when its time was over.
void RemoteWriter::learn_from_clock() {
    if (piece_.messages() >= kWorthHolding) return;
    needed_closeness_ = std::min(2 * needed_closeness_, kMostCloseness);
}

// Nobody waits for what becomes of it: the next put hears of it.
void RemoteWriter::send_held() {
    if (piece_.is_empty()) return;
    auto sent = send_piece();
    if (!sent.error) return;
    late_error_ = std::move(sent.error);
    hear_at_once();
}

// After an error the next put is lone, and all that follow until one goes well.
void RemoteWriter::hear_at_once() {
    closeness_ = -1;
    is_holding_ = false;
}

RemoteWriter::Outcome RemoteWriter::send_piece() {
    has_sent_ = true;
    const auto frames = piece_.datagrams();
    const Outcome outcome = is_to_one() ? send_to_one(frames) : send_to_many(frames);
    piece_.clear();
    return outcome;
}

RemoteWriter::Outcome RemoteWriter::send_to_one(std::span<const Bytes> frames) {
    std::size_t left = 0;
    while (left < frames.size()) {
        auto sent = carrier_->send_packed(to_, frames.subspan(left));
        if (!sent) {
            const bool is_half =
                left > 0 && piece_.messages_in(left) == piece_.messages_in(left - 1);
            return {piece_.messages_in(left), std::move(sent.error()), is_half};
        }
        left += *sent;
    }
    return {piece_.messages()};
}

// Who is not reached is like who does not listen; and what our own buffers have no room for is a
// gap in the sequence, which every reader counts. But what must not leave for want of a key nobody
// will ever get.
RemoteWriter::Outcome RemoteWriter::send_to_many(std::span<const Bytes> frames) {
    while (!frames.empty()) {
        auto sent = carrier_->send_packed(to_, frames);
        if (!sent && is_unsealed(sent.error())) return {0, std::move(sent.error())};
        if (!sent && sent.error().code == Errc::unreachable) {
            // No interface at all; but this machine's other users may listen.
            sent = neighbours().send_packed(to_, frames);
        }
        frames = frames.subspan(sent ? std::max<std::size_t>(*sent, 1) : 1);
    }
    return {piece_.messages()};
}

Carrier& RemoteWriter::neighbours() {
    if (!neighbours_) neighbours_ = make_neighbours_();
    return *neighbours_;
}

// One that does not fit into a piece, or must not be sent at all.
std::optional<Error> RemoteWriter::send_large(const Batch& batch, std::size_t index) {
    has_sent_ = true;
    Envelope message = envelope(batch);
    message.sequence = batch.first_sequence + index;
    message.sent_at_us = batch.sent_at_us;
    message.format = batch.form;
    message.payload = as_bytes(batch.texts[index]);
    auto sent = carrier_->send(to_, {&message, 1});
    if (!sent && (is_to_one() || is_unsealed(sent.error()))) return sent.error();
    if (is_to_one()) return std::nullopt;
    if (!sent && sent.error().code == Errc::unreachable) {
        (void)neighbours().send(to_, {&message, 1});  // as send_to_many
    }
    return std::nullopt;
}

void RemoteWriter::end(std::uint64_t next_sequence) {
    if (is_first_) return;
    send_held();
    Batch none;
    none.station = piece_station_;
    none.delivered_at_home = piece_at_home_;
    Envelope end = envelope(none);
    end.kind = Kind::end;
    end.sequence = next_sequence;
    end.sent_at_us = clock_.unix_microseconds();  // or nobody could tell it from a replay
    const Destination to = destination();
    Carrier& way = neighbours_ ? *neighbours_ : *carrier_;
    for (int i = 0; i < kEndCopies; ++i) (void)way.send(to, {&end, 1});
}

Destination RemoteWriter::destination() {
    // Later messages take what is known by then.
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

// What all messages of this writer share, but for their destination.
Envelope RemoteWriter::envelope(const Batch& batch) const {
    Envelope envelope;
    envelope.scope = to_.scope;
    envelope.to = to_.to;
    envelope.slot = address_.slot.text;
    envelope.from_host = settings_.host;
    envelope.station = batch.station;
    envelope.origin = origin_;
    envelope.delivered_at_home = batch.delivered_at_home;
    const auto age = std::chrono::duration_cast<milliseconds>(clock_.now() - first_sent_);
    envelope.origin_age_ms = static_cast<std::uint32_t>(
        std::min<std::int64_t>(age.count(), std::numeric_limits<std::uint32_t>::max()));
    return envelope;
}

}  // namespace mailslot
