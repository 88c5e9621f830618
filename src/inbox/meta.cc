#include "inbox/meta.h"

#include <algorithm>

namespace mailslot::inbox {
namespace {

constexpr std::size_t kMostHostBytes = 255;
static_assert(1 + 16 + 4 + 1 + 8 + 1 + kMostHostBytes <= kMaxMetaBytes);

}  // namespace

Bytes encode_meta(std::array<std::byte, kMaxMetaBytes>& buffer, const Meta& meta) {
    ByteWriter out(buffer);
    out.u8(static_cast<std::uint8_t>(meta.from_address.family));
    out.put(std::as_bytes(std::span(meta.from_address.octets)));
    out.u32be(meta.from_address.scope_id);
    out.u8(static_cast<std::uint8_t>(meta.trust));
    out.u64be(meta.lost_before);
    const std::string_view host = meta.from_host.substr(0, kMostHostBytes);
    out.u8(static_cast<std::uint8_t>(host.size()));
    out.put(host);
    return out.written();
}

Meta decode_meta(Bytes bytes) {
    ByteReader in(bytes);
    Meta meta;
    meta.from_address.family = IpAddress::Family{in.u8()};
    const Bytes octets = in.take(16);
    std::transform(octets.begin(), octets.end(), meta.from_address.octets.begin(),
                   [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
    meta.from_address.scope_id = in.u32be();
    meta.trust = Trust{in.u8()};
    meta.lost_before = in.u64be();
    meta.from_host = as_text(in.take(in.u8()));
    const bool known =
        meta.from_address.family <= IpAddress::Family::v6 && meta.trust <= Trust::local;
    return in.ok() && known ? meta : Meta{};
}

}  // namespace mailslot::inbox
