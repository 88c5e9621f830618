#include "trust/recently_taken.h"

namespace mailslot::trust {

void RecentlyTaken::begin_batch() {
    if (slots_.size() < kMostSlots) return;
    taken_.clear();
    slots_.clear();
    last_slot_ = nullptr;
}

void RecentlyTaken::note(const Stamp& stamp, const Parcel& parcel) {
    const Envelope& envelope = parcel.envelope;
    if (last_slot_ == nullptr || *last_slot_ != envelope.slot) {
        auto known = slots_.find(envelope.slot);
        if (known == slots_.end()) {
            if (slots_.size() >= kMostSlots) return;
            known = slots_.emplace(envelope.slot).first;
        }
        last_slot_ = &*known;
    }
    if (taken_.empty()) taken_.resize(kMost);
    const std::uint64_t sent = envelope.kind == Kind::message ? parcel.size() : 0;
    taken_[place_of(stamp)] = {stamp, envelope.origin, envelope.sequence + sent, last_slot_};
}

bool RecentlyTaken::find(const Stamp& stamp, Parcel& parcel) const {
    if (taken_.empty()) return false;
    const Taken& taken = taken_[place_of(stamp)];
    if (taken.slot == nullptr || taken.stamp != stamp) return false;
    parcel.envelope.kind = Kind::copy;
    parcel.envelope.slot = *taken.slot;
    parcel.envelope.origin = taken.origin;
    parcel.envelope.sequence = taken.sequence;
    return true;
}

}  // namespace mailslot::trust
