// Accepts or refuses arriving datagrams, sealed or not: docs/protocol/frame.md, "The sealed form".
// Pure but for the given clock.
// Threads: one at a time.
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

// Reasons to refuse a datagram. Counters of the same names: docs/protocol/udp-carrier.md.
enum class Verdict : std::uint8_t {
    taken,
    bad_packet,
    unknown_version,
    sealed,  // with an unknown key
    copy,    // a sealed datagram that came before
    not_trusted,
    wrong_time,
};

class Opener {
public:
    Opener(std::shared_ptr<Keys> keys, const Clock& clock, ReplayWindows& windows)
        : view_(std::move(keys)), clock_(clock), windows_(windows) {}

    // Takes the present keys and time for the next calls. Earlier parcels become invalid.
    void begin_batch() {
        ring_ = view_.now();
        if (ring_ == nullptr) return;
        taken_.begin_batch();
        now_ = clock_.now();
        now_us_ = clock_.unix_microseconds();
    }

    // `came_to` is the address in the datagram's IP header. Opens a sealed datagram in place.
    // `parcel` must be new. If taken, `parcel` is as decode_frame() makes it, with trust. If the
    // verdict is `copy`, `parcel` may be a Kind::copy. Otherwise `parcel` is undefined.
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
