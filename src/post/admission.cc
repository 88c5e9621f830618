#include "post/admission.h"

#include <algorithm>

#include "post/reassembly.h"

namespace mailslot::post {

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

namespace {

Admission::Verdict check(const Envelope& envelope) {
    const bool is_known_kind = envelope.kind == Kind::message || envelope.kind == Kind::fragment ||
                               envelope.kind == Kind::end;
    if (!is_known_kind || envelope.sequence == 0 || envelope.sequence > kMaxSequence ||
        envelope.from_host.size() > kMaxHostBytes || envelope.slot.size() > kMaxSlotNameBytes) {
        return Admission::Verdict::bad;
    }
    if (envelope.kind == Kind::fragment && !is_sound_fragment(envelope)) {
        return Admission::Verdict::bad_fragment;
    }
    return Admission::Verdict::admitted;
}

}  // namespace

Admission::Verdict Admission::look_at(const Parcel& parcel, Clock::Instant now) {
    const Envelope& envelope = parcel.envelope;
    if (envelope.kind == Kind::query || envelope.kind == Kind::answer ||
        envelope.kind == Kind::report) {
        const bool is_question = envelope.kind == Kind::query && !lacks_seal(envelope);
        return is_question && is_for_us(envelope) ? Verdict::query : Verdict::ignored;
    }
    if (envelope.delivered_at_home &&
        ids_.is_own(envelope.machine_id, envelope.from_address, now, parcel.size())) {
        return Verdict::own;
    }
    if (!is_for_us(envelope) && !lacks_seal(envelope)) return Verdict::not_for_us;
    return check(envelope);
}

bool Admission::is_meant(const Envelope& envelope, Clock::Instant now) {
    const bool is_own = envelope.delivered_at_home &&
                        ids_.is_own(envelope.machine_id, envelope.from_address, now, 0);
    return !is_own && is_for_us(envelope) && !lacks_seal(envelope);
}

bool Admission::is_for_us(const Envelope& envelope) const {
    if (envelope.scope == Scope::everybody) return true;
    if (envelope.scope == Scope::direct) return identity_.has_one_of(envelope.to);
    if (envelope.scope != Scope::named) return false;
    // A holder of a domain's key listens for that domain.
    if (envelope.trust == Trust::domain && envelope.to == envelope.domain) return true;
    return identity_.has(envelope.to);
}

bool Admission::lacks_seal(const Envelope& envelope) const {
    return envelope.is_refused ||
           (envelope.scope == Scope::named && envelope.trust == Trust::none &&
            identity_.is_keyed(envelope.to));
}

}  // namespace mailslot::post
