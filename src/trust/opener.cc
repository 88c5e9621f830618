#include "trust/opener.h"

#include <optional>
#include <string_view>

#include "trust/seal.h"
#include "wire/frame.h"

namespace mailslot::trust {
namespace {

Verdict verdict_of(const Error& error) {
    if (error.reason == Reason::sealed) return Verdict::sealed;
    return error.reason == Reason::later_version ? Verdict::unknown_version : Verdict::bad_packet;
}

// Returns whether the sealed target is right: this machine's address for a direct message, else
// none.
bool is_meant(const Envelope& envelope, const Target& target, const IpAddress& came_to) {
    return target == (envelope.scope == Scope::direct ? target_of(came_to) : Target{});
}

}  // namespace

Verdict Opener::take(std::span<std::byte> datagram, const IpAddress& came_to, Parcel& parcel) {
    if (ring_ != nullptr) {
        if (const auto clear = read_clear(datagram))
            return take_sealed(*clear, datagram, came_to, parcel);
    }
    const auto decoded = wire::decode_frame(datagram, parcel);
    if (decoded) [[likely]] {
        // A message for a domain that has a key here must be sealed with that key. The slot counts
        // the refusal.
        if (ring_ != nullptr) {
            Envelope& envelope = parcel.envelope;
            envelope.is_refused =
                envelope.scope == Scope::named && ring_->find(envelope.to) != nullptr;
        }
        return Verdict::taken;
    }
    return verdict_of(decoded.error());
}

Verdict Opener::take_sealed(const Clear& clear, std::span<std::byte> datagram,
                            const IpAddress& came_to, Parcel& parcel) {
    const auto keys = ring_->with(clear.key_id);
    if (keys.empty()) return Verdict::sealed;
    if (windows_.has_seen(clear.stamp)) {
        (void)taken_.find(clear.stamp, parcel);  // unknown if an earlier office took the first copy
        return Verdict::copy;
    }
    std::optional<Opened> opened;
    const std::string* domain = nullptr;
    for (const KeyRing::Entry& key : keys) {
        const bool is_last = &key == &keys.back();
        opened = open(datagram, *key.secret, is_last);
        domain = key.domain;
        if (opened) break;
    }
    if (!opened) return Verdict::not_trusted;
    const auto decoded = wire::decode_frame(opened->plain, parcel);
    if (!decoded) return verdict_of(decoded.error());
    Envelope& envelope = parcel.envelope;
    envelope.trust = Trust::domain;
    envelope.domain = *domain;
    const bool is_for_another = envelope.scope == Scope::named && envelope.to != *domain &&
                                ring_->find(envelope.to) != nullptr;
    if (is_for_another || !is_meant(envelope, opened->target, came_to)) return Verdict::not_trusted;
    if (!is_timely(envelope.sent_at_us, now_us_)) return Verdict::wrong_time;
    switch (windows_.note(clear.stamp, envelope.sent_at_us, now_)) {
        case ReplayWindows::Noted::from_past:
            return Verdict::wrong_time;
        case ReplayWindows::Noted::no_room:
            return Verdict::not_trusted;
        case ReplayWindows::Noted::taken:
            break;
    }
    taken_.note(clear.stamp, parcel);
    return Verdict::taken;
}

}  // namespace mailslot::trust
