#include "carrier/testing/fake_carrier.h"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/check.h"
#include "wire/frame.h"
#include "wire/testing/decode_messages.h"

namespace mailslot {

Result<void> FakeCarrier::start() {
    if (std::ranges::count(network_.started_, this) == 0) network_.started_.push_back(this);
    return {};
}

void FakeCarrier::stop() {
    std::erase(network_.started_, this);
    waiting_.clear();
}

void FakeCarrier::fail_after(std::size_t messages, Errc code) {
    takes_ = messages;
    refusal_ = code;
}

// Returns the refusal; no_resources stands for a full send buffer.
Error FakeCarrier::refused() const {
    return Error{refusal_, "send", refusal_ == Errc::no_resources ? EAGAIN : 0};
}

bool FakeCarrier::receive(const Deliver& deliver) {
    // Taken out first: `deliver` may send, and so add to waiting_.
    const std::deque<OwnedEnvelope> batch = std::exchange(waiting_, {});
    std::vector<Parcel> views;
    for (const OwnedEnvelope& envelope : batch) views.push_back({envelope.view()});
    if (!views.empty()) deliver(views);
    return !waiting_.empty();
}

Result<std::size_t> FakeCarrier::send(const Destination& to, std::span<const Envelope> messages) {
    for (const Envelope& message : messages) {
        if (message.payload.size() > kMaxNetworkMessageBytes) {
            return Error{Errc::message_too_big, "send"};
        }
    }
    if (!messages.empty() && takes_ == 0) return refused();
    const std::size_t taken = std::min(takes_, messages.size());
    for (const Envelope& message : messages.first(taken)) send_one(to, message);
    if (takes_ != SIZE_MAX) takes_ -= taken;
    return taken;
}

// A frame leaves only if all of its messages are taken.
Result<std::size_t> FakeCarrier::send_packed(const Destination& to, std::span<const Bytes> frames) {
    std::size_t left = 0;
    for (const Bytes frame : frames) {
        std::vector<Envelope> messages;
        MAILSLOT_CHECK(wire::decode_messages(frame, messages).has_value());
        if (takes_ < messages.size()) break;
        if (auto sent = send(to, messages); !sent) return sent;
        ++left;
    }
    if (left == 0 && !frames.empty()) return refused();
    return left;
}

void FakeCarrier::send_one(const Destination& to, const Envelope& message) {
    if (message.kind != Kind::message || message.payload.size() <= kChunkBytes) {
        return put_on_network(to, message);
    }
    Envelope part = message;
    part.kind = Kind::fragment;
    part.total_bytes = static_cast<std::uint32_t>(message.payload.size());
    part.chunk_bytes = kChunkBytes;
    for (std::size_t offset = 0; offset < message.payload.size(); offset += kChunkBytes) {
        part.offset = static_cast<std::uint32_t>(offset);
        part.payload =
            message.payload.subspan(offset, std::min(kChunkBytes, message.payload.size() - offset));
        put_on_network(to, part);
    }
}

void FakeCarrier::put_on_network(const Destination& to, Envelope envelope) {
    envelope.scope = to.scope;
    envelope.to = to.to;
    envelope.from_address = address_;
    envelope.trust = Trust::none;
    ++counters_.tx_datagrams;
    const bool to_group = to.address.family == IpAddress::Family::none;
    for (FakeCarrier* machine : network_.started_) {
        if (!to_group && machine->address_ != to.address) continue;
        ++machine->counters_.rx_datagrams;
        machine->waiting_.emplace_back(envelope);
    }
}

}  // namespace mailslot
