#include "carrier/netbios/netbios_writer.h"

#include <algorithm>
#include <limits>

#include "carrier/netbios/classic_packer.h"
#include "wire/netbios_name.h"

namespace mailslot {

bool is_classic_place(const Address& address) {
    return address.place == Place::named && address.place_text.find('#') != std::string::npos &&
           wire::parse_netbios_name(address.place_text).has_value();
}

NetbiosWriter::NetbiosWriter(const WriterNeeds& needs, NetbiosPorts ports)
    : address_(needs.address),
      origin_(needs.origin),
      settings_(needs.settings),
      clock_(needs.clock),
      keys_(needs.settings.keys),
      names_(own_names(needs.settings)) {
    if (names_) sender_.emplace(settings_, *names_, ports);
}

Result<std::size_t> NetbiosWriter::how_many_fit(std::span<const std::string_view> texts,
                                                Form form) {
    if (!names_) return names_.error();
    if (is_to_be_sealed()) {
        return Error{Errc::no_permission, "seal", 0,
                     "messages to this address must be sealed, and the classic wire carries only "
                     "clear text",
                     Reason::not_sealed};
    }
    if (auto can = NetbiosSender::check(destination()); !can) return can.error();
    std::size_t fit = 0;
    for (const std::string_view text : texts) {
        Envelope message;
        message.format = form;
        message.payload = as_bytes(text);
        const auto fits = fits_classic_wire(address_.slot.text, classic_payload(message).size());
        if (!fits && fit == 0) return fits.error();
        if (!fits) break;
        ++fit;
    }
    return fit;
}

Result<std::size_t> NetbiosWriter::put(const Batch& batch) {
    if (!sender_) return names_.error();
    std::size_t taken = 0;
    while (taken < batch.texts.size()) {
        const Envelope message = envelope_of(batch, taken);
        const auto sent = sender_->send(destination(), {&message, 1});
        // Sending to all never fails: an unreachable network is like machines that do not listen.
        const bool is_to_all = address_.place == Place::everybody;
        const bool is_unheard = !sent && sent.error().code == Errc::unreachable && is_to_all;
        if (!sent && !is_unheard && taken == 0) return sent.error();
        if (!sent && !is_unheard) break;
        ++taken;
    }
    send_held();
    return taken;
}

void NetbiosWriter::send_held() {
    if (!sender_) return;
    const auto now = clock_.now();
    if (!sender_->is_waiting()) {
        due_.reset();
    } else if (!due_ || *due_ <= now) {
        due_ = now + kNameQuestionTakes;
    }
}

std::optional<Error> NetbiosWriter::take_late_error() {
    return sender_ ? sender_->take_late_error() : std::nullopt;
}

void NetbiosWriter::flush() {
    if (sender_) sender_->finish(kNameQuestionTakes);
    due_.reset();
}

// docs/trust.md: a message that has a key is never sent in clear text.
bool NetbiosWriter::is_to_be_sealed() {
    const bool is_named = address_.place == Place::named;
    const auto choice = keys_.choose(is_named ? std::string_view(address_.place_key) : "");
    return choice.domain != nullptr || choice.error.has_value();
}

Envelope NetbiosWriter::envelope_of(const Batch& batch, std::size_t index) {
    const Clock::Instant now = clock_.now_through_sleep();
    if (!first_sent_) first_sent_ = now;
    const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now - *first_sent_);
    Envelope message;
    message.slot = address_.slot.text;
    message.from_host = host_.at(clock_.now());
    message.origin = origin_;
    message.origin_age_ms = static_cast<std::uint32_t>(
        std::min<std::int64_t>(age.count(), std::numeric_limits<std::uint32_t>::max()));
    message.delivered_at_home = batch.delivered_at_home;
    message.sequence = batch.first_sequence + index;
    message.format = batch.form;
    message.payload = as_bytes(batch.texts[index]);
    return message;
}

Destination NetbiosWriter::destination() const {
    switch (address_.place) {
        case Place::ip:
            return {Scope::direct, "", address_.ip};
        case Place::named:
            return {Scope::named, address_.place_key, {}};
        default:
            return {Scope::everybody, "", {}};
    }
}

std::unique_ptr<CarrierWriter> make_netbios_writer(const WriterNeeds& needs) {
    return std::make_unique<NetbiosWriter>(needs, NetbiosPorts{});
}

}  // namespace mailslot
