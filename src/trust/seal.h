// The sealed form of a frame: docs/protocol/frame.md. Pure: no random numbers, no clock. Two frames
// sealed with the same nonce lose their secrecy: Sealer (keys.h) never repeats a counter.
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
inline constexpr std::size_t kTargetBytes = 16;  // after the plain frame's bytes
inline constexpr std::size_t kTagBytes = 16;
static_assert(kClearBytes - wire::kFramePrefixBytes + kTargetBytes + kTagBytes == wire::kSealBytes);
// The largest plain frame that we seal.
inline constexpr std::size_t kMaxPlainBytes = kMaxDatagramBytes - wire::kSealBytes;

// Identity of the sealing process; with the counter: the nonce.
struct Stamp {
    std::uint64_t sender_id = 0, epoch = 0, counter = 0;
    bool operator==(const Stamp&) const = default;
};

using Target = std::array<std::byte, kTargetBytes>;
// All zero for Family::none.
Target target_of(const IpAddress& address);

// Seals a whole plain frame. Returns empty bytes if `plain` is no frame or `out` lacks room for
// kSealBytes more than the frame.
Bytes seal(std::span<std::byte> out, Bytes plain, const Secret& secret, const KeyId& id,
           const Stamp& stamp, const Target& target);

// The unencrypted fields.
struct Clear {
    KeyId key_id{};
    Stamp stamp{};
};
// Returns nullopt unless the datagram is a sealed frame of this version and long enough.
std::optional<Clear> read_clear(Bytes datagram);

// A sealed frame, opened.
struct Opened {
    Bytes plain;  // the whole plain frame
    Target target{};
};
// Opens a datagram that read_clear() accepted, in place: overwrites its bytes on success, and if
// `may_spoil` also on failure. Returns nullopt if the key does not open it.
std::optional<Opened> open(std::span<std::byte> datagram, const Secret& secret,
                           bool may_spoil = true);

}  // namespace mailslot::trust
