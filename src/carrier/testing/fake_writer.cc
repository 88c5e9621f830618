#include "carrier/testing/fake_writer.h"

#include "carrier/flusher.h"

namespace mailslot {

Result<std::size_t> FakeWriter::how_many_fit(std::span<const std::string_view> texts, Form) {
    std::size_t fit = 0;
    while (fit < texts.size() && texts[fit].size() <= kMaxNetworkMessageBytes) ++fit;
    if (fit == 0) return Error{Errc::message_too_big, "send"};
    return fit;
}

Result<std::size_t> FakeWriter::put(const Batch& batch) {
    flush();
    std::vector<Envelope> messages;
    for (std::size_t i = 0; i < batch.texts.size(); ++i) {
        Envelope message = envelope(batch.first_sequence + i, batch.sent_at_us);
        message.format = batch.form;
        message.payload = as_bytes(batch.texts[i]);
        message.machine_id = batch.machine_id;
        message.delivered_at_home = batch.delivered_at_home;
        messages.push_back(message);
    }
    return carrier_.send({}, messages);
}

bool FakeWriter::hold(const wire::FrameRecord& message) {
    if (!may_hold_ || late_error_) return false;
    if (held_.empty()) due_ = needs_.clock.now() + kHoldTime;
    Envelope held = envelope(message.sequence, message.sent_at_us);
    held.format = message.format;
    held.payload = message.payload;
    held_.emplace_back(held);
    return true;
}

void FakeWriter::flush() {
    std::vector<Envelope> messages;
    for (const OwnedEnvelope& held : held_) messages.push_back(held.view());
    const auto sent = carrier_.send({}, messages);
    lost_ += held_.size() - sent.value_or(0);
    if (!sent)
        late_error_ =
            Error{sent.error().code, "send earlier messages", 0, {}, Reason::earlier_messages};
    held_.clear();
    due_.reset();
}

void FakeWriter::end(std::uint64_t next_sequence) {
    flush();
    Envelope end = envelope(next_sequence, needs_.clock.unix_microseconds());
    end.kind = Kind::end;
    (void)carrier_.send({}, {&end, 1});
}

Envelope FakeWriter::envelope(std::uint64_t sequence, std::int64_t sent_at_us) const {
    Envelope envelope;
    envelope.slot = needs_.address.slot.text;
    envelope.from_host = needs_.settings.host;
    envelope.origin = needs_.origin;
    envelope.sequence = sequence;
    envelope.sent_at_us = sent_at_us;
    return envelope;
}

}  // namespace mailslot
