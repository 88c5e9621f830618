#include "post/own_addresses.h"

#include <algorithm>
#include <utility>

namespace mailslot::post {
namespace {

// Ignores scopes: two interfaces may reach the same link.
bool is_same(const IpAddress& a, const IpAddress& b) {
    return a.family == b.family && a.octets == b.octets;
}

bool contains(const std::vector<IpAddress>& all, const IpAddress& address) {
    return std::ranges::any_of(all, [&](const IpAddress& one) { return is_same(one, address); });
}

}  // namespace

OwnAddresses::OwnAddresses(const Clock& clock, List list, HasChanged has_changed)
    : clock_(clock), list_(std::move(list)), has_changed_(std::move(has_changed)) {
    look();
}

// Reads the list. An address that was ours at the last look counts as ours until now.
void OwnAddresses::look() {
    const auto now = clock_.now();
    looked_at_ = now;
    auto found = list_();
    if (!found) return;
    const auto before = std::exchange(present_, std::move(found));
    std::erase_if(former_, [&](const Former& f) { return f.until < now || has_now(f.address); });
    if (!before) return;
    for (const IpAddress& address : *before) {
        if (!has_now(address)) former_.push_back({address, now + kOursForAWhile});
    }
}

bool OwnAddresses::has_now(const IpAddress& address) const {
    return present_ && contains(*present_, address);
}

bool OwnAddresses::has(const IpAddress& address) {
    if (address.is_loopback()) return true;
    const auto now = clock_.now();
    if (has_changed_() || now - *looked_at_ >= kListAgain) look();
    if (!present_ || has_now(address)) return true;
    return std::ranges::any_of(former_, [&](const Former& former) {
        return former.until >= now && is_same(former.address, address);
    });
}

}  // namespace mailslot::post
