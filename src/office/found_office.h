// An office as its folder shows it: whether another process has taken its place, and since when the
// office does not answer.
// Threads: the station's only.
#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "local/slot_folder.h"
#include "os/folder.h"

namespace mailslot::office {

// Counts from the first answer that did not come within 500 ms. Deputies are faster, and have more
// to go on with.
inline constexpr std::chrono::milliseconds kMutePatience{1500};

class FoundOffice {
public:
    explicit FoundOffice(local::SlotFolder place) : place_(std::move(place)) {}

    void find(const local::SlotFolder& place) {
        place_ = place;
        lock_ = lock();
    }
    bool is_in(const local::SlotFolder& folder) const {
        return place_.office_lock_path() == folder.office_lock_path();
    }
    // Returns true if another process has taken the office's place.
    bool has_moved() const { return lock() != lock_; }

    // Notes that the office does not answer. Returns true if that is new.
    bool note_mute(Clock::Instant now) {
        if (mute_since_) return false;
        mute_since_ = now;
        return true;
    }
    // Does the same for an office with which this process is not registered.
    bool note_mute_at(const local::SlotFolder& place, Clock::Instant now) {
        if (!mute_since_) find(place);
        return note_mute(now);
    }
    void note_answer() { mute_since_.reset(); }
    // Returns true if the office has not answered for so long that it may be replaced.
    bool is_mute(Clock::Instant now) const {
        return mute_since_ && now - *mute_since_ >= kMutePatience;
    }

    // Whether an office was there, without an answer, at the last attempt to join.
    void note_busy(bool is_busy) { is_busy_ = is_busy; }
    bool is_busy() const { return is_busy_; }

private:
    std::optional<os::FileId> lock() const { return os::file_at(place_.office_lock_path()); }

    local::SlotFolder place_;
    std::optional<os::FileId> lock_{};
    std::optional<Clock::Instant> mute_since_{};
    bool is_busy_ = false;
};

}  // namespace mailslot::office
