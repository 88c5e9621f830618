#include "trust/key_ring.h"

#include <algorithm>

namespace mailslot::trust {

Key key_of(Secret secret, std::int64_t created_at) {
    const KeyId id = secret.id();
    return {std::move(secret), id, created_at};
}

// Entries point into the heap memory of domains_, which stays in place when the ring moves.
KeyRing::KeyRing(std::vector<DomainKeys> domains) : domains_(std::move(domains)) {
    for (const DomainKeys& domain : domains_) {
        for (const auto* key : {&domain.current, &domain.second}) {
            if (*key) by_id_.push_back({(*key)->id, &(*key)->secret, &domain.folded});
        }
    }
    std::ranges::sort(by_id_, {}, &Entry::id);
}

const DomainKeys* KeyRing::find(std::string_view folded) const {
    const auto found = std::ranges::find(domains_, folded, &DomainKeys::folded);
    return found == domains_.end() ? nullptr : &*found;
}

std::span<const KeyRing::Entry> KeyRing::with(const KeyId& id) const {
    // Not equal_range: clang 14 cannot compile what libstdc++ 12 returns.
    const auto first = std::ranges::lower_bound(by_id_, id, {}, &Entry::id);
    const auto last = std::ranges::upper_bound(by_id_, id, {}, &Entry::id);
    return {first, last};
}

}  // namespace mailslot::trust
