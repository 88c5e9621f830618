#include "wire/netbios_datagram.h"

#include <algorithm>
#include <limits>

#include "wire/smb_mailslot.h"

namespace mailslot::wire {
namespace {

constexpr std::size_t kLeastBytes =
    kDatagramHeaderBytes + 2 * kEncodedNameBytes + kMailslotNameOffset;

Error bad(const char* step) { return Error{Errc::bad_packet, step}; }

bool is_known(DatagramType type) {
    return type >= DatagramType::direct_unique && type <= DatagramType::broadcast;
}

bool is_whole(std::uint8_t flags, std::uint16_t offset) {
    return (flags & (kFirstPart | kMoreFollows)) == kFirstPart && offset == 0;
}

}  // namespace

Result<NetbiosDatagram> decode_netbios_datagram(Bytes packet) {
    if (packet.size() < kLeastBytes) return bad("short");
    ByteReader in(packet);
    NetbiosDatagram datagram;
    datagram.type = DatagramType{in.u8()};
    datagram.flags = in.u8();
    datagram.id = in.u16be();
    datagram.source_ip.family = IpAddress::Family::v4;
    for (std::size_t i = 0; i < 4; ++i) datagram.source_ip.octets[i] = in.u8();
    datagram.source_port = in.u16be();
    datagram.length = in.u16be();
    const std::uint16_t offset = in.u16be();
    if (!is_known(datagram.type)) return bad("type");
    if (!is_whole(datagram.flags, offset)) return bad("fragment");

    std::size_t at = kDatagramHeaderBytes;
    auto source = decode_name(packet, at, Pointers::refused);
    if (!source) return source.error();
    auto destination = decode_name(packet, at, Pointers::refused);
    if (!destination) return destination.error();
    datagram.source = std::move(*source);
    datagram.destination = std::move(*destination);
    datagram.user_data = packet.subspan(at);
    if (datagram.user_data.size() < kMailslotNameOffset) return bad("short");
    return datagram;
}

Bytes encode_netbios_datagram(std::span<std::byte> buffer, const NetbiosDatagram& datagram) {
    const std::size_t names =
        encoded_name_bytes(datagram.source.scope) + encoded_name_bytes(datagram.destination.scope);
    const std::size_t length = names + datagram.user_data.size();
    const bool has_names = encoded_name_bytes(datagram.source.scope) != 0 &&
                           encoded_name_bytes(datagram.destination.scope) != 0;
    if (!has_names || !is_known(datagram.type) || !is_whole(datagram.flags, 0) ||
        datagram.source_ip.family != IpAddress::Family::v4 ||
        datagram.user_data.size() < kMailslotNameOffset ||
        length > std::numeric_limits<std::uint16_t>::max()) {
        return {};
    }
    ByteWriter out(buffer);
    out.u8(static_cast<std::uint8_t>(datagram.type));
    out.u8(datagram.flags);
    out.u16be(datagram.id);
    for (std::size_t i = 0; i < 4; ++i) out.u8(datagram.source_ip.octets[i]);
    out.u16be(datagram.source_port);
    out.u16be(static_cast<std::uint16_t>(length));
    out.u16be(0);
    encode_name(out, datagram.source.name, datagram.source.scope);
    encode_name(out, datagram.destination.name, datagram.destination.scope);
    out.put(datagram.user_data);
    return out.ok() ? out.written() : Bytes{};
}

}  // namespace mailslot::wire
