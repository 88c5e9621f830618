#include "api/writer_state.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "carrier/local/local_carrier.h"
#include "carrier/udp/udp_carrier.h"

namespace mailslot {
namespace {

using std::chrono::milliseconds;

// Messages that go through the layers together: small ones fill the largest piece that the network
// takes at a time, 65,000 bytes (docs/protocol/udp-carrier.md).
constexpr std::size_t kAtOnce = 512;
// Lost like any datagram, and nothing comes after it that would show the gap.
constexpr int kEndCopies = 3;

}  // namespace

os::Deadline deadline_of(Timeout timeout) {
    if (timeout.count() < 0) return std::nullopt;
    return std::chrono::steady_clock::now() + timeout;
}

Result<void> wait_for_room(const WantOfRoom& want, os::Deadline deadline, Interrupted interrupted) {
    auto waited = want.end->wait_for_room(want.payload_bytes, deadline, interrupted);
    // Given up, so it counts after all; what is gone counts nothing.
    if (!waited && waited.error().code != Errc::no_such_slot) {
        want.end->count_refusal(Errc::slot_full);
    }
    return waited;
}

Result<std::unique_ptr<WriterState>> WriterState::create(const Address& address,
                                                         const WriterOptions& options) {
    const auto process = Process::current();
    if (!process) return process.error();
    return std::unique_ptr<WriterState>(new WriterState(**process, address, options));
}

WriterState::WriterState(Process& process, const Address& address, const WriterOptions& options)
    : process_(process),
      address_(address),
      options_(options),
      reach_(reach_of(address, process.settings())),
      origin_(process.random().u64()),
      clock_(process.clock()) {
    const Settings& settings = process.settings();
    if (reach_.this_machine) {
        // What goes out to the network reaches this machine's other folders that way.
        auto folders = process.folders();
        if (address.place != Place::here) folders.erase(folders.begin() + 1, folders.end());
        local_ = std::make_unique<inbox::LocalWriter>(std::move(folders), address.slot.key,
                                                      options.wait_for_others);
    }
    if (!reach_.others) return;
    carrier_ = make_udp_carrier(settings);
    if (address.place == Place::named && !reach_.this_machine) {
        resolver_ = std::make_unique<HostResolver>(settings, process.clock());
    }
}

WriterState::~WriterState() {
    if (!carrier_ || is_first_) return;
    Envelope end = envelope();
    end.kind = Kind::end;
    end.sequence = next_sequence_;
    const Destination to = destination();
    Carrier& way = neighbours_ ? *neighbours_ : *carrier_;
    for (int i = 0; i < kEndCopies; ++i) (void)way.send(to, {&end, 1});
}

Result<void> WriterState::find() {
    if (address_.place != Place::here) return {};
    if (auto attached = local_->attach(); !attached) return named(attached.error());
    return {};
}

Result<std::size_t> WriterState::put(std::span<const std::string_view> messages, Form form,
                                     const Patience& patience, WantOfRoom& want) {
    std::size_t done = 0;
    while (done < messages.size()) {
        // What was not said to anybody is not counted: the caller hears of it at the next put.
        const Refusal refusal =
            done == 0 && !is_patient(patience) ? Refusal::counted : Refusal::passed_over;
        const auto taken = put_some(messages.subspan(done), form, patience, refusal, want);
        if (!taken) {
            if (done > 0) break;
            const bool is_final = is_patient(patience) && address_.place == Place::here &&
                                  taken.error().code == Errc::message_too_big;
            if (is_final && local_->end()) local_->end()->count_refusal(taken.error().code);
            return taken;
        }
        done += *taken;
    }
    return done;
}

bool WriterState::put_now(std::string_view message, Form form) {
    const inbox::Item item{inbox::RecordKind::local, form, origin_, next_sequence_,
                           clock_.unix_microseconds(), {}, as_bytes(message)};
    if (!local_->put_now(item)) return false;
    ++next_sequence_;
    return true;
}

Result<std::size_t> WriterState::put_some(std::span<const std::string_view> messages, Form form,
                                          const Patience& patience, Refusal refusal,
                                          WantOfRoom& want) {
    const std::size_t count = std::min(messages.size(), kAtOnce);
    if (items_.size() < count) items_.resize(count);
    const std::int64_t now_us = clock_.unix_microseconds();
    for (std::size_t i = 0; i < count; ++i) {
        items_[i] = {inbox::RecordKind::local, form, origin_, next_sequence_ + i, now_us, {},
                     as_bytes(messages[i])};
    }
    const auto items = std::span<const inbox::Item>(items_).first(count);
    const bool is_here = address_.place == Place::here;
    const auto taken = is_here ? put_here(items, refusal, want) : put_elsewhere(items, patience);
    if (taken) next_sequence_ += *taken;
    if (taken) return taken;
    // Parts of it may have left: its number must never name another message.
    if (!is_here && taken.error().code != Errc::message_too_big) next_sequence_ += 1;
    return named(taken.error());
}

// Says which slot it is about.
Error WriterState::named(Error error) const {
    if (error.detail.empty()) error.detail = address_.slot.text;
    return error;
}

// To a slot of this machine: the writer hears of everything.
Result<std::size_t> WriterState::put_here(std::span<const inbox::Item> items, Refusal refusal,
                                          WantOfRoom& want) {
    auto taken = local_->put(items, refusal);
    if (!taken && taken.error().code == Errc::slot_full) {
        want = {local_->end(), items[0].payload.size()};
    }
    return taken;
}

// Fire and forget: whatever keeps a message out of the slot here is counted there. Whether a slot
// was there.
bool WriterState::put_at_home(std::span<const inbox::Item> items, const Patience& patience) {
    if (!local_ || !local_->attach()) return false;
    os::Deadline deadline;
    while (!items.empty()) {
        WantOfRoom want;
        const Refusal refusal = is_patient(patience) ? Refusal::passed_over : Refusal::counted;
        const auto taken = put_here(items, refusal, want);
        if (!taken && taken.error().code == Errc::no_such_slot) break;
        if (want.end && is_patient(patience)) {
            if (!deadline) deadline = deadline_of(patience.timeout);
            if (wait_for_room(want, deadline, patience.interrupted)) continue;
        }
        items = items.subspan(taken ? *taken : 1);
    }
    return true;
}

Result<std::size_t> WriterState::put_elsewhere(std::span<const inbox::Item> items,
                                               const Patience& patience) {
    const std::size_t limit = carrier_ ? carrier_->traits().max_message_bytes : ~std::size_t{0};
    const auto too_big = std::find_if(items.begin(), items.end(), [limit](const inbox::Item& item) {
        return item.payload.size() > limit;
    });
    items = items.first(static_cast<std::size_t>(too_big - items.begin()));
    if (items.empty()) {
        return Error{Errc::message_too_big, "put", 0,
                     "the network takes at most " + std::to_string(limit) + " bytes"};
    }
    is_at_home_ = put_at_home(items, patience);
    return carrier_ ? send(items) : Result<std::size_t>(items.size());
}

Result<std::size_t> WriterState::send(std::span<const inbox::Item> items) {
    // The post office here must know its own machine's copies; where a slot is there is a number.
    if (is_at_home_ && station_ == 0) {
        const inbox::SlotFolder folder(process_.settings().dir);
        station_ = folder.station_id(process_.random()).value_or(0);
    }
    if (is_first_) first_sent_ = process_.clock().now();
    if (envelopes_.size() < items.size()) envelopes_.resize(items.size());
    const Envelope shared = envelope();
    for (std::size_t i = 0; i < items.size(); ++i) {
        Envelope& message = envelopes_[i] = shared;
        message.sequence = items[i].sequence;
        message.sent_at_us = items[i].sent_at_us;
        message.format = items[i].format;
        message.payload = items[i].payload;
    }
    const Destination to = destination();
    is_first_ = false;
    const auto messages = std::span<const Envelope>(envelopes_).first(items.size());
    if (is_to_one()) return carrier_->send(to, messages);
    send_to_many(to, messages);
    return items.size();
}

// Who is not reached is like who does not listen; and what our own buffers have no room for is a
// gap in the sequence, which every reader counts.
void WriterState::send_to_many(const Destination& to, std::span<const Envelope> messages) {
    while (!messages.empty()) {
        auto sent = carrier_->send(to, messages);
        if (!sent && sent.error().code == Errc::unreachable) {
            // No interface at all; but this machine's other users may listen.
            if (!neighbours_) neighbours_ = make_local_carrier(process_.settings());
            sent = neighbours_->send(to, messages);
        }
        messages = messages.subspan(sent ? std::max<std::size_t>(*sent, 1) : 1);
    }
}

bool WriterState::is_to_one() const { return resolver_ != nullptr || address_.place == Place::ip; }

Destination WriterState::destination() {
    switch (address_.place) {
        case Place::ip:
            return {Scope::direct, "", address_.ip};
        case Place::named:
            break;
        default:
            return {Scope::everybody, "", {}};
    }
    if (resolver_) {
        // Later messages take what is known by then.
        const auto known = resolver_->resolve(address_.place_text,
                                              is_first_ ? options_.wait_for_address : Timeout(0));
        if (known) return {Scope::direct, "", *known};
    }
    return {Scope::named, address_.place_key, {}};
}

// What all messages of this writer share.
Envelope WriterState::envelope() const {
    Envelope envelope;
    envelope.slot = address_.slot.text;
    envelope.from_host = process_.settings().host;
    envelope.station = station_;
    envelope.origin = origin_;
    envelope.delivered_at_home = is_at_home_;
    if (!is_first_) {
        const auto age =
            std::chrono::duration_cast<milliseconds>(process_.clock().now() - first_sent_);
        envelope.origin_age_ms = static_cast<std::uint32_t>(
            std::min<std::int64_t>(age.count(), std::numeric_limits<std::uint32_t>::max()));
    }
    return envelope;
}

}  // namespace mailslot
