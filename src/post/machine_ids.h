// The numbers by which a post office knows what its own machine has sent, the present one and
// earlier ones. Rules: docs/office.md, "Who this machine is". Threads: one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "model/ip_address.h"
#include "wire/office_state.h"

namespace mailslot::post {

// Enough for writers that are in mid-put, or stopped, while numbers change; a change needs
// kFreshFor, so these are known for minutes even while somebody forges.
inline constexpr std::size_t kMaxFormerIds = 32;
// A number this young was drawn after any copy of this machine was made. Also the least time
// between two changes: a forger costs one change in this time at most.
inline constexpr std::chrono::seconds kFreshFor{5};
// Places that send this machine's own datagrams back; the oldest makes room.
inline constexpr std::size_t kMaxReflectors = 16;

class MachineIds {
public:
    using IsOurAddress = std::function<bool(const IpAddress&)>;

    explicit MachineIds(std::uint64_t present, IsOurAddress is_our_address = {})
        : present_(present), is_our_address_(std::move(is_our_address)) {}

    void addresses_are_known_by(IsOurAddress is_ours) { is_our_address_ = std::move(is_ours); }

    std::uint64_t present() const { return present_; }
    // A number that this machine's writers may have used.
    void add_former(std::uint64_t number);
    // Goes on with another number; the one before stays known.
    void change_to(std::uint64_t number);
    // The same after a conflict.
    void change_to(std::uint64_t number, Clock::Instant now);

    // Whether a datagram that says to be in the slot already comes from this machine. A datagram
    // with the present number from elsewhere is a conflict, and not from this machine.
    bool is_own(std::uint64_t number, const IpAddress& from, Clock::Instant now,
                std::size_t messages) {
        return has(number) && look_at(number, from, now, messages);
    }
    // Somebody else uses the present number: change it.
    bool is_contested() const { return is_contested_; }
    std::uint64_t conflicts() const { return conflicts_; }  // messages

    wire::MachineState save() const;
    void restore(const wire::MachineState& state);

private:
    bool has(std::uint64_t number) const;
    bool look_at(std::uint64_t number, const IpAddress& from, Clock::Instant now,
                 std::size_t messages);

    std::uint64_t present_;
    std::vector<std::uint64_t> former_;  // the oldest first
    std::vector<IpAddress> reflectors_;  // likewise
    IsOurAddress is_our_address_;
    std::optional<Clock::Instant> changed_at_;  // for a conflict
    bool is_contested_ = false;
    std::uint64_t conflicts_ = 0;
};

}  // namespace mailslot::post
