#include "post/machine_ids.h"

#include <algorithm>

#include "model/machine_id.h"

namespace mailslot::post {
namespace {

// Ignores scopes: a datagram that leaves by one interface may come in by another on the same link.
bool is_same(const IpAddress& a, const IpAddress& b) {
    return a.family == b.family && a.octets == b.octets;
}

}  // namespace

void MachineIds::add_former(std::uint64_t number) {
    if (number == 0 || has(number)) return;
    if (former_.size() >= kMaxFormerIds) former_.erase(former_.begin());
    former_.push_back(number);
}

void MachineIds::change_to(std::uint64_t number) {
    if (number == 0 || number == present_) return;
    std::erase(former_, number);
    const std::uint64_t before = std::exchange(present_, number);
    add_former(before);
    is_contested_ = false;
}

void MachineIds::change_to(std::uint64_t number, Clock::Instant now) {
    change_to(number);
    changed_at_ = now;
}

bool MachineIds::has(std::uint64_t number) const {
    const std::uint64_t also = number_for_other_networks(number);
    if (number == present_ || also == present_) return true;
    return std::ranges::any_of(
        former_, [=](std::uint64_t known) { return known == number || known == also; });
}

bool MachineIds::look_at(std::uint64_t number, const IpAddress& from, Clock::Instant now,
                         std::size_t messages) {
    const bool is_of_network =
        number == present_ || std::ranges::find(former_, number) != former_.end();
    // A writer in another network has another address, and says so by its number.
    if (!is_of_network || from.family == IpAddress::Family::none) return true;
    if (!is_our_address_ || is_our_address_(from)) return true;
    const auto is_here = [&](const IpAddress& address) { return is_same(address, from); };
    if (std::ranges::any_of(reflectors_, is_here)) return true;
    if (number != present_) return false;  // a copy of this machine keeps our former number
    if (changed_at_ && now - *changed_at_ < kFreshFor) {
        // Nobody else can have the number yet: a router or repeater sends our datagrams back.
        if (reflectors_.size() >= kMaxReflectors) reflectors_.erase(reflectors_.begin());
        reflectors_.push_back(from);
        return true;
    }
    is_contested_ = true;
    conflicts_ += messages;
    return false;
}

wire::MachineState MachineIds::save() const { return {conflicts_, present_, former_}; }

void MachineIds::restore(const wire::MachineState& state) {
    for (const std::uint64_t number : state.former) add_former(number);
    change_to(state.present);
    conflicts_ = state.conflicts;
}

}  // namespace mailslot::post
