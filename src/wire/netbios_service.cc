#include "wire/netbios_service.h"

#include <algorithm>

namespace mailslot::wire {
namespace {

constexpr std::uint16_t kInternetClass = 1;
constexpr std::uint16_t kPointerToQuestion = 0xc00c;
constexpr std::uint16_t kGroupFlag = 0x8000, kNodeBits = 0x6000;
constexpr unsigned kNodeShift = 13;
constexpr std::uint16_t kActiveFlag = 0x0400, kInConflictFlag = 0x0800;
constexpr std::size_t kStatisticsBytes = 46;

Error bad() { return Error{Errc::bad_packet, "name_service"}; }

// Decodes type and class after a name. Returns false if bytes are missing or the class differs.
bool decode_type(ByteReader& in, RecordType& type) {
    type = RecordType{in.u16be()};
    return in.u16be() == kInternetClass && in.ok();
}

Result<NameQuestion> decode_question(Bytes packet, std::size_t& at) {
    auto name = decode_name(packet, at, Pointers::followed);
    if (!name) return name.error();
    ByteReader in(packet.subspan(at));
    NameQuestion question{std::move(*name)};
    if (!decode_type(in, question.type)) return bad();
    at = packet.size() - in.left();
    return question;
}

Result<NameRecord> decode_record(Bytes packet, std::size_t at) {
    auto name = decode_name(packet, at, Pointers::followed);
    if (!name) return name.error();
    ByteReader in(packet.subspan(at));
    NameRecord record{std::move(*name)};
    if (!decode_type(in, record.type)) return bad();
    record.ttl = in.u32be();
    record.data = in.take(in.u16be());
    if (!in.ok()) return bad();
    return record;
}

IpAddress decode_v4(ByteReader& in) {
    IpAddress address{IpAddress::Family::v4, {}, 0};
    for (std::size_t i = 0; i < 4; ++i) address.octets[i] = in.u8();
    return address;
}

}  // namespace

Result<NamePacket> decode_name_packet(Bytes packet) {
    ByteReader in(packet);
    NamePacket decoded;
    decoded.id = in.u16be();
    decoded.flags = in.u16be();
    const unsigned questions = in.u16be();
    const unsigned records = in.u16be() + in.u16be() + in.u16be();
    if (!in.ok() || questions > 1 || records > 1) return bad();
    std::size_t at = packet.size() - in.left();
    if (questions == 1) {
        auto question = decode_question(packet, at);
        if (!question) return question.error();
        decoded.question = std::move(*question);
    }
    if (records == 1) {
        auto record = decode_record(packet, at);
        if (!record) return record.error();
        decoded.record = std::move(*record);
    }
    return decoded;
}

Bytes encode_name_packet(std::span<std::byte> buffer, const NamePacket& packet) {
    const bool points = packet.question && packet.record;
    if ((packet.question && encoded_name_bytes(packet.question->name.scope) == 0) ||
        (packet.record && encoded_name_bytes(packet.record->name.scope) == 0) ||
        (points && packet.question->name != packet.record->name) ||
        (packet.record && packet.record->data.size() > 0xffff)) {
        return {};
    }
    ByteWriter out(buffer);
    out.u16be(packet.id);
    out.u16be(packet.flags);
    out.u16be(packet.question ? 1 : 0);
    out.u16be(packet.record && packet.is_response() ? 1 : 0);
    out.u16be(0);
    out.u16be(packet.record && !packet.is_response() ? 1 : 0);
    if (packet.question) {
        encode_name(out, packet.question->name.name, packet.question->name.scope);
        out.u16be(static_cast<std::uint16_t>(packet.question->type));
        out.u16be(kInternetClass);
    }
    if (packet.record) {
        if (points)
            out.u16be(kPointerToQuestion);
        else
            encode_name(out, packet.record->name.name, packet.record->name.scope);
        out.u16be(static_cast<std::uint16_t>(packet.record->type));
        out.u16be(kInternetClass);
        out.u32be(packet.record->ttl);
        out.u16be(static_cast<std::uint16_t>(packet.record->data.size()));
        out.put(packet.record->data);
    }
    return out.ok() ? out.written() : Bytes{};
}

std::vector<NameAddress> decode_name_addresses(Bytes data) {
    ByteReader in(data);
    std::vector<NameAddress> addresses;
    while (in.left() >= kNameAddressBytes) {
        const std::uint16_t flags = in.u16be();
        addresses.push_back({(flags & kGroupFlag) != 0,
                             static_cast<std::uint8_t>((flags & kNodeBits) >> kNodeShift),
                             decode_v4(in)});
    }
    return addresses;
}

Bytes encode_name_address(std::span<std::byte> buffer, const NameAddress& address) {
    ByteWriter out(buffer);
    out.u16be(static_cast<std::uint16_t>((address.is_group ? kGroupFlag : 0) | (address.node & 3)
                                                                                   << kNodeShift));
    for (std::size_t i = 0; i < 4; ++i) out.u8(address.address.octets[i]);
    return out.ok() ? out.written() : Bytes{};
}

Result<std::vector<NodeName>> decode_node_status(Bytes data) {
    ByteReader in(data);
    std::vector<NodeName> names(in.u8());
    for (NodeName& name : names) {
        const std::string_view bytes = as_text(in.take(name.name.bytes.size()));
        std::ranges::copy(bytes, name.name.bytes.begin());
        const std::uint16_t flags = in.u16be();
        name.is_group = (flags & kGroupFlag) != 0;
        name.is_in_conflict = (flags & kInConflictFlag) != 0;
    }
    if (!in.ok()) return bad();
    return names;
}

Bytes encode_node_status(std::span<std::byte> buffer, std::span<const NodeName> names) {
    names = names.first(std::min(names.size(), kMaxNodeNames));
    ByteWriter out(buffer);
    out.u8(static_cast<std::uint8_t>(names.size()));
    for (const NodeName& name : names) {
        out.put(std::string_view(name.name.bytes.data(), name.name.bytes.size()));
        out.u16be(static_cast<std::uint16_t>(kActiveFlag | (name.is_group ? kGroupFlag : 0) |
                                             (name.is_in_conflict ? kInConflictFlag : 0)));
    }
    for (std::size_t i = 0; i < kStatisticsBytes; ++i) out.u8(0);
    return out.ok() ? out.written() : Bytes{};
}

}  // namespace mailslot::wire
