// Decides which parcels the post office lets in, and notes messages that a slot does not trust.

#include <algorithm>

#include "base/saturating.h"
#include "post/post_office.h"

namespace mailslot::post {

// ---- Admission

bool Identity::has(std::string_view name) const {
    if (name.size() > 1 && name.ends_with('.')) name.remove_suffix(1);
    return name == host_key || names.may_have(name) ||
           std::ranges::find(domain_keys, name) != domain_keys.end();
}

// No name at all means that the address alone counts.
bool Identity::has_one_of(std::string_view names_meant) const {
    if (names_meant.empty()) return true;
    for (;;) {
        const std::size_t end = names_meant.find(kBetweenNames);
        if (has(names_meant.substr(0, end))) return true;
        if (end == std::string_view::npos) return false;
        names_meant.remove_prefix(end + 1);
    }
}

bool PostOffice::admits(const Parcel& parcel) {
    const Envelope& envelope = parcel.envelope;
    if (envelope.kind == Kind::query || envelope.kind == Kind::answer) {
        counters_.ignored += parcel.size();
        const bool is_question = envelope.kind == Kind::query && !is_refused(envelope);
        if (is_question && is_for_us(envelope)) slots_.answer(envelope);
    } else if (envelope.delivered_at_home &&
               ids_.is_own(envelope.station, envelope.from_address, now_, parcel.size())) {
        counters_.own += parcel.size();
    } else if (!is_for_us(envelope) && !is_refused(envelope)) {
        counters_.not_for_us += parcel.size();
    } else {
        return is_sound(parcel);
    }
    return false;
}

bool PostOffice::is_for_us(const Envelope& envelope) const {
    if (envelope.scope == Scope::everybody) return true;
    if (envelope.scope == Scope::direct) return identity_.has_one_of(envelope.to);
    if (envelope.scope != Scope::named) return false;
    // A holder of a domain's key listens for that domain.
    if (envelope.trust == Trust::domain && envelope.to == envelope.domain) return true;
    return identity_.has(envelope.to);
}

bool PostOffice::is_sound(const Parcel& parcel) {
    const Envelope& envelope = parcel.envelope;
    const bool is_known_kind = envelope.kind == Kind::message || envelope.kind == Kind::fragment ||
                               envelope.kind == Kind::end;
    if (!is_known_kind || envelope.sequence == 0 || envelope.sequence > kMaxSequence ||
        envelope.from_host.size() > kMaxHostBytes || envelope.slot.size() > kMaxSlotNameBytes) {
        counters_.bad += parcel.size();
        return false;
    }
    if (envelope.kind == Kind::fragment && !is_sound_fragment(envelope)) {
        ++counters_.bad_fragments;
        return false;
    }
    return true;
}

// ---- Trust

void PostOffice::slot_requires(std::string_view slot_key, Trust require) {
    const auto found = open_.find(slot_key);
    if (found != open_.end()) found->second.require = require;
}

bool PostOffice::is_refused(const Envelope& envelope) const {
    return envelope.is_refused ||
           (envelope.scope == Scope::named && envelope.trust == Trust::none &&
            identity_.is_keyed(envelope.to));
}

// Drops a parcel, and learns nothing about its sender, because anybody may have sent the parcel.
void PostOffice::refuse(SlotBook& slot, const Parcel& parcel) {
    const Envelope& envelope = parcel.envelope;
    const bool is_first_part = envelope.kind == Kind::fragment && envelope.offset == 0;
    if (envelope.kind != Kind::message && !is_first_part) return;
    if (slot.recently_refused.see(envelope.origin, envelope.sequence)) return;
    count_up(slot.counters.lost.not_trusted, parcel.size());
    count_up(counters_.lost.not_trusted, parcel.size());
    auto known = std::ranges::find(slot.refused, envelope.from_address, &RefusedAddress::address);
    if (known == slot.refused.end()) {
        if (slot.refused.size() >= kMaxRefusedAddresses) return;
        known = slot.refused.insert(known, RefusedAddress{.address = envelope.from_address});
    }
    known->host = envelope.from_host;
    known->origin = envelope.origin;
    known->messages += parcel.size();
    known->last_heard = now_through_sleep_;
}

}  // namespace mailslot::post
