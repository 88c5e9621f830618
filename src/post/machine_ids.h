// Numbers that mark the datagrams of this machine: the present number and earlier numbers. Rules:
// docs/office.md, "Who this machine is".
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "model/ip_address.h"
#include "wire/office_state.h"

namespace mailslot::post {

// Enough for writers that are in the middle of a put, or stopped, while numbers change. Changes are
// at least kFreshFor apart, so old numbers stay known for minutes even during an attack.
inline constexpr std::size_t kMaxFormerIds = 32;
// A number younger than this was drawn after any copy of this machine was made. Also the least time
// between two changes, so a forger causes at most one change in this time.
inline constexpr std::chrono::seconds kFreshFor{5};
// Addresses that send this machine's own datagrams back; the oldest makes room.
inline constexpr std::size_t kMaxReflectors = 16;

class MachineIds {
public:
    using IsOurAddress = std::function<bool(const IpAddress&)>;

    explicit MachineIds(std::uint64_t present, IsOurAddress is_our_address = {})
        : present_(present), is_our_address_(std::move(is_our_address)) {}

    std::uint64_t present() const { return present_; }
    // Adds a number that this machine's writers may have used.
    void add_former(std::uint64_t number);
    // Changes the present number. The previous number stays known.
    void change_to(std::uint64_t number);
    // Changes the present number because of a conflict.
    void change_to(std::uint64_t number, Clock::Instant now);

    // Returns true if a datagram that claims to be in the slot already comes from this machine. A
    // datagram with the present number from another address is a conflict, and not from this
    // machine.
    bool is_own(std::uint64_t number, const IpAddress& from, Clock::Instant now,
                std::size_t messages) {
        return has(number) && look_at(number, from, now, messages);
    }
    // Returns true if another machine uses the present number, which then must be changed.
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
    std::optional<Clock::Instant> changed_at_;  // time of the last change for a conflict
    bool is_contested_ = false;
    std::uint64_t conflicts_ = 0;
};

}  // namespace mailslot::post
