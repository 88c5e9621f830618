#include "trust/seal.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace mailslot::trust {
namespace {

constexpr std::size_t kPrefix = wire::kFramePrefixBytes;
constexpr std::size_t kFlagsAt = 3, kKeyIdAt = 4, kNonceAt = 8;
static_assert(kClearBytes - kNonceAt == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
static_assert(kTagBytes == crypto_aead_xchacha20poly1305_ietf_ABYTES);
static_assert(kSecretBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

unsigned char* raw(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }
const unsigned char* raw(const std::byte* bytes) {
    return reinterpret_cast<const unsigned char*>(bytes);
}

}  // namespace

Target target_of(const IpAddress& address) {
    Target target{};
    const auto* const octets = reinterpret_cast<const std::byte*>(address.octets.data());
    if (address.family == IpAddress::Family::v6) {
        std::copy_n(octets, kTargetBytes, target.begin());
    } else if (address.family == IpAddress::Family::v4) {
        target[10] = target[11] = std::byte{0xff};
        std::copy_n(octets, 4, target.begin() + 12);
    }
    return target;
}

Bytes seal(std::span<std::byte> out, Bytes plain, const Secret& secret, const KeyId& id,
           const Stamp& stamp, const Target& target) {
    if (plain.size() < wire::kFrameHeaderBytes || plain[kFlagsAt] != std::byte{0}) return {};
    if (plain.size() + wire::kSealBytes > std::min(out.size(), wire::kMaxFrameBytes)) return {};
    ByteWriter clear(out);
    clear.put(plain.first(kFlagsAt));
    clear.u8(wire::kSealedFlag);
    clear.put(id);
    clear.u64be(stamp.sender_id);
    clear.u64be(stamp.epoch);
    clear.u64be(stamp.counter);
    clear.put(plain.subspan(kPrefix));
    clear.put(target);
    std::byte* const text = out.data() + kClearBytes;
    const std::size_t text_bytes = clear.size() - kClearBytes;
    unsigned long long length = 0;
    crypto_aead_xchacha20poly1305_ietf_encrypt(raw(text), &length, raw(text), text_bytes,
                                               raw(out.data()), kClearBytes, nullptr,
                                               raw(out.data() + kNonceAt), raw(secret.data()));
    return out.first(kClearBytes + text_bytes + kTagBytes);
}

std::optional<Clear> read_clear(Bytes datagram) {
    if (datagram.size() < wire::kFrameHeaderBytes + wire::kSealBytes ||
        datagram.size() > wire::kMaxFrameBytes) {
        return std::nullopt;
    }
    if (load_u16be(datagram.data()) != wire::kFrameMagic) return std::nullopt;
    if (datagram[2] != std::byte{wire::kFrameVersion} ||
        datagram[kFlagsAt] != std::byte{wire::kSealedFlag}) {
        return std::nullopt;
    }
    Clear clear;
    std::copy_n(datagram.data() + kKeyIdAt, clear.key_id.size(), clear.key_id.begin());
    clear.stamp = {load_u64be(&datagram[8]), load_u64be(&datagram[16]), load_u64be(&datagram[24])};
    return clear;
}

std::optional<Opened> open(std::span<std::byte> datagram, const Secret& secret, bool may_spoil) {
    std::byte* const text = datagram.data() + kClearBytes;
    const std::size_t sealed_bytes = datagram.size() - kClearBytes;
    unsigned long long length = 0;
    const auto opens_into = [&](unsigned char* into) {
        return crypto_aead_xchacha20poly1305_ietf_decrypt(
                   into, &length, nullptr, raw(text), sealed_bytes, raw(datagram.data()),
                   kClearBytes, raw(datagram.data() + kNonceAt), raw(secret.data())) == 0;
    };
    // Without a place for the output, only the MAC is checked.
    if (!may_spoil && !opens_into(nullptr)) return std::nullopt;
    if (!opens_into(raw(text))) return std::nullopt;
    // Writing the plain frame's prefix right before the opened bytes makes the frame whole.
    std::byte* const frame = text - kPrefix;
    std::copy_n(datagram.data(), kFlagsAt, frame);
    frame[kFlagsAt] = std::byte{0};
    Opened opened;
    opened.plain = Bytes(frame, kPrefix + static_cast<std::size_t>(length) - kTargetBytes);
    std::copy_n(text + length - kTargetBytes, kTargetBytes, opened.target.begin());
    return opened;
}

}  // namespace mailslot::trust
