#include "office/gateway.h"

#include "post/gateway_mark.h"
#include "wire/labels.h"

namespace mailslot::office {

void Gateway::pass_on(const Carrier& carrier, std::span<const Parcel> arrived) {
    const bool from_ours = &carrier == &ours_, from_classic = &carrier == &classic_;
    if (!(from_ours && settings_.passes_out) && !(from_classic && settings_.passes_in)) return;
    for (const Parcel& parcel : arrived) {
        if (parcel.envelope.kind != Kind::message || parcel.envelope.is_refused) continue;
        parcel.for_each([&](const Envelope& message) {
            if (from_ours)
                pass_out(message);
            else
                pass_in(message);
        });
    }
}

// Sends to every machine that speaks our format except this machine, which has the message. In the
// clear, because a seal would vouch for the message.
void Gateway::pass_in(const Envelope& message) {
    if (message.machine_id == kPassedOn) return;
    text_.clear();
    const Label via{post::kViaLabel, classic_.traits().name};
    if (!wire::append_labels(text_, {&via, 1})) return;
    text_ += as_text(message.payload);
    Envelope passed = message;
    passed.scope = Scope::everybody;
    passed.to = {};
    passed.machine_id = machine_id_;
    passed.delivered_at_home = true;
    passed.format.labelled = true;
    passed.payload = as_bytes(text_);
    const Destination everybody{.in_clear = true};
    (void)ours_.send(everybody,
                     {&passed, 1});  // may be lost like any datagram, and then shows as a gap
}

// Messages for this machine alone stay here.
void Gateway::pass_out(const Envelope& message) {
    if (message.scope == Scope::direct || post::came_by_gateway(message)) return;
    if (message.trust != Trust::none) return;  // sealed; the copy would be in the clear
    Envelope passed = message;
    passed.machine_id = kPassedOn;
    passed.delivered_at_home = false;
    (void)classic_.send({}, {&passed, 1});  // messages too large for that wire are left out
}

}  // namespace mailslot::office
