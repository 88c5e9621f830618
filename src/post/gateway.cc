#include "post/gateway.h"

#include "carrier/netbios/classic_packer.h"
#include "wire/labels.h"

namespace mailslot::post {

bool came_by_gateway(const Envelope& message) {
    if (!message.format.labelled) return false;
    const auto block = wire::label_block_size(as_text(message.payload));
    if (!block) return false;
    bool found = false;
    wire::for_each_label(as_text(message.payload).substr(0, *block),
                         [&found](const Label& label) { found |= label.name == kViaLabel; });
    return found;
}

void Gateway::pass_on(const Carrier& carrier, std::span<const Parcel> arrived) {
    const bool from_udp = &carrier == &udp_, from_netbios = &carrier == &netbios_;
    if (!(from_udp && settings_.passes_out) && !(from_netbios && settings_.passes_in)) return;
    for (const Parcel& parcel : arrived) {
        if (parcel.envelope.kind != Kind::message || parcel.envelope.is_refused) continue;
        parcel.for_each([&](const Envelope& message) {
            if (from_udp)
                pass_out(message);
            else
                pass_in(message);
        });
    }
}

// To every machine of ours but this one, which has it. In the clear: a seal would vouch for it.
void Gateway::pass_in(const Envelope& message) {
    if (message.station == kPassedOn) return;
    text_.clear();
    const Label via{kViaLabel, "netbios"};
    if (!wire::append_labels(text_, {&via, 1})) return;
    text_ += as_text(message.payload);
    Envelope passed = message;
    passed.scope = Scope::everybody;
    passed.to = {};
    passed.station = station_;
    passed.delivered_at_home = true;
    passed.format.labelled = true;
    passed.payload = as_bytes(text_);
    const Destination everybody{.in_clear = true};
    (void)udp_.send(everybody,
                    {&passed, 1});  // lost like any datagram, and a gap to those who hear more
}

// What is for this machine alone stays here.
void Gateway::pass_out(const Envelope& message) {
    if (message.scope == Scope::direct || came_by_gateway(message)) return;
    if (message.trust != Trust::none) return;  // it was sealed, and there it would be in the clear
    Envelope passed = message;
    passed.station = kPassedOn;
    passed.delivered_at_home = false;
    (void)netbios_.send({}, {&passed, 1});  // what is too large for that wire stays on ours
}

}  // namespace mailslot::post
