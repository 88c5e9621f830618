// Owners of slot names, where slots of several users are registered: docs/trust.md, "Users of one
// machine". Kept in the office's folder, so that after the office ends nobody takes a name before
// its user had time to come back.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "local/slot_folder.h"

namespace mailslot::office {

// Threads: the office's.
class NameOwners {
public:
    static constexpr std::chrono::seconds kTimeToComeBack{10};

    // Reads what an earlier office left.
    NameOwners(const local::SlotFolder& folder, const Clock& clock);

    // Returns false if the folded name is another user's, and still kept for that user.
    bool may_have(std::string_view key, std::uint32_t user) const;
    void note(std::string_view key, std::uint32_t user);
    void forget(std::string_view key);

    void tick();
    std::optional<Clock::Instant> next_tick() const;

private:
    const local::SlotFolder& folder_;
    const Clock& clock_;
    const Clock::Instant until_;  // when names that nobody came back for become free
    // Users by file. `missing_`: noted by an earlier office, and not back yet.
    std::map<std::string, std::uint32_t, std::less<>> missing_{}, present_{};
};

}  // namespace mailslot::office
