#include "carrier/udp/frame_sealer.h"

#include <string_view>

#include "base/check.h"

namespace mailslot {

Result<void> FrameSealer::choose(const Destination& to) {
    key_ = nullptr;
    domain_.clear();
    const bool is_answer = to.port != 0;
    if (to.in_clear || (is_answer && to.domain.empty())) return {};
    const trust::DomainKeys* domain = nullptr;
    if (is_answer) {
        const trust::KeyRing* const ring = keys_.now();
        domain = ring != nullptr ? ring->find(to.domain) : nullptr;
        // The key may have vanished meanwhile.
        if (domain == nullptr || !domain->current) {
            return Error{Errc::no_permission, "seal", 0, {}, Reason::not_sealed};
        }
    } else {
        const bool is_named = to.scope == Scope::named;
        const auto choice = keys_.choose(is_named ? std::string_view(to.to) : std::string_view());
        if (choice.error) return *choice.error;
        if (choice.domain == nullptr) return {};
        domain = choice.domain;
    }
    key_ = &*domain->current;
    domain_ = domain->folded;
    target_ = trust::target_of(to.scope == Scope::direct ? to.address : IpAddress{});
    return {};
}

std::span<const Bytes> FrameSealer::seal_all(std::span<const Bytes> frames) {
    std::size_t room = 0;
    for (const Bytes frame : frames) room += frame.size() + wire::kSealBytes;
    if (memory_.size() < room) memory_.resize(room);
    sealed_.clear();
    trust::Stamp stamp = keys_.keys().sealer().next(frames.size());
    std::span<std::byte> rest(memory_);
    for (const Bytes frame : frames) {
        const Bytes sealed = trust::seal(rest, frame, key_->secret, key_->id, stamp, target_);
        MAILSLOT_CHECK(!sealed.empty());  // always a frame of ours, with room
        sealed_.push_back(sealed);
        rest = rest.subspan(sealed.size());
        ++stamp.counter;
    }
    return sealed_;
}

}  // namespace mailslot
