// What a receiver takes of the datagrams that come, sealed or not: docs/protocol/frame.md, "The
// sealed form". Pure but for the clock that is handed in. Threads: one uses it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/clock.h"
#include "mailslot/result.h"
#include "model/parcel.h"
#include "trust/keys.h"
#include "trust/recently_taken.h"
#include "trust/replay_windows.h"

namespace mailslot::trust {

// Why a datagram is not taken. The counters of that name: docs/protocol/udp-carrier.md.
enum class Verdict : std::uint8_t {
    taken,
    bad_packet,
    unknown_version,
    sealed,  // with a key that is not here
    copy,    // sealed, and came before
    not_trusted,
    wrong_time,
};

class Opener {
public:
    Opener(std::shared_ptr<Keys> keys, const Clock& clock, ReplayWindows& windows)
        : view_(std::move(keys)), clock_(clock), windows_(windows) {}

    // From now on with the keys, and at the time, of now. What was taken before borrows no more.
    void begin_batch() {
        ring_ = view_.now();
        if (ring_ == nullptr) return;
        taken_.begin_batch();
        now_ = clock_.now();
        now_us_ = clock_.unix_microseconds();
    }

    // `came_to`: the address in the datagram's IP header. A sealed datagram is opened in place.
    // `parcel` is a new one. Taken: it is as decode_frame() makes it, with trust; a copy: it may be
    // a Kind::copy; else of no use.
    Verdict take(std::span<std::byte> datagram, const IpAddress& came_to, Parcel& parcel);

private:
    Verdict take_sealed(const Clear& clear, std::span<std::byte> datagram, const IpAddress& came_to,
                        Parcel& parcel);

    KeysView view_;
    const Clock& clock_;
    ReplayWindows& windows_;
    RecentlyTaken taken_;
    const KeyRing* ring_ = nullptr;
    Clock::Instant now_{};
    std::int64_t now_us_ = 0;
};

}  // namespace mailslot::trust
