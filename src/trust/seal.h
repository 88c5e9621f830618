// The sealed form of a frame: docs/protocol/frame.md. Pure: nothing is drawn, no clock is asked.
// What is sealed once more under one nonce is lost: counters are Sealer's business (keys.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "model/ip_address.h"
#include "model/limits.h"
#include "trust/secret.h"
#include "wire/frame.h"

namespace mailslot::trust {

inline constexpr std::size_t kClearBytes = 32;   // before the ciphertext
inline constexpr std::size_t kTargetBytes = 16;  // behind the plain frame's bytes
inline constexpr std::size_t kTagBytes = 16;
static_assert(kClearBytes - wire::kFramePrefixBytes + kTargetBytes + kTagBytes == wire::kSealBytes);
// The largest plain frame that we seal.
inline constexpr std::size_t kMaxPlainBytes = kMaxDatagramBytes - wire::kSealBytes;

// Who seals; with the counter, the nonce.
struct Stamp {
    std::uint64_t sender_id = 0, epoch = 0, counter = 0;
    bool operator==(const Stamp&) const = default;
};

using Target = std::array<std::byte, kTargetBytes>;
// 0 for Family::none.
Target target_of(const IpAddress& address);

// Seals a whole plain frame. Empty: `out` has not kSealBytes more than the frame, or it is none.
Bytes seal(std::span<std::byte> out, Bytes plain, const Secret& secret, const KeyId& id,
           const Stamp& stamp, const Target& target);

// What stands in the clear.
struct Clear {
    KeyId key_id{};
    Stamp stamp{};
};
// No value: not a frame of this version that is sealed and long enough.
std::optional<Clear> read_clear(Bytes datagram);

// A sealed frame, opened.
struct Opened {
    Bytes plain;  // the whole plain frame
    Target target{};
};
// In place: the datagram's bytes are overwritten, when it opens and, where `may_spoil`, when not.
// No value: it does not open with this key. `datagram` is one that read_clear() took.
std::optional<Opened> open(std::span<std::byte> datagram, const Secret& secret,
                           bool may_spoil = true);

}  // namespace mailslot::trust
