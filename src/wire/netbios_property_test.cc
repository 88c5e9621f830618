// Random packets of the classic wire, encoded and decoded. RapidCheck prints the seed of a
// failure.
#include <gtest/gtest.h>

#if __has_include(<rapidcheck/gtest.h>)
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "wire/netbios_datagram.h"
#include "wire/netbios_service.h"
#include "wire/smb_mailslot.h"

namespace mailslot::wire {
namespace {

std::array<std::byte, 2048> buffer, inner;

NetbiosName any_name() {
    NetbiosName name;
    for (char& c : name.bytes) c = *rc::gen::arbitrary<char>();
    return name;
}

std::string any_scope() {
    std::string scope;
    const int labels = *rc::gen::inRange(0, 4);
    for (int i = 0; i < labels; ++i) {
        if (i > 0) scope += '.';
        scope +=
            *rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange<char>('A', 'Z')));
    }
    return scope;
}

ScopedName any_scoped_name() { return {any_name(), any_scope()}; }

IpAddress any_address() {
    return IpAddress::v4(*rc::gen::arbitrary<std::uint8_t>(), *rc::gen::arbitrary<std::uint8_t>(),
                         *rc::gen::arbitrary<std::uint8_t>(), *rc::gen::arbitrary<std::uint8_t>());
}

RC_GTEST_PROP(NetbiosProperty, names_come_out_as_they_went_in, ()) {
    const ScopedName name = any_scoped_name();
    ByteWriter out(buffer);
    encode_name(out, name.name, name.scope);
    RC_ASSERT(out.size() == encoded_name_bytes(name.scope));
    if (out.size() == 0) return;
    std::size_t at = 0;
    RC_ASSERT(decode_name(out.written(), at, Pointers::refused).value() == name);
    RC_ASSERT(at == out.size());
}

RC_GTEST_PROP(NetbiosProperty, writes_come_out_as_they_went_in, ()) {
    const std::string slot =
        *rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange<char>(' ', '\x7f')));
    const auto data = *rc::gen::arbitrary<std::string>();
    MailslotWrite write{slot, as_bytes(data), *rc::gen::arbitrary<std::uint16_t>(),
                        *rc::gen::arbitrary<std::uint16_t>(), std::nullopt};
    if (*rc::gen::arbitrary<bool>()) {
        write.stamp = Stamp{*rc::gen::arbitrary<std::uint64_t>() | 1,
                            *rc::gen::inRange<std::uint64_t>(1, kMaxStampSequence),
                            *rc::gen::arbitrary<std::uint32_t>(), *rc::gen::arbitrary<bool>()};
    }
    const Bytes smb = encode_mailslot_write(inner, write);
    RC_ASSERT(smb.empty() == (data.size() > max_classic_message_bytes(slot)));
    if (smb.empty()) return;
    const MailslotWrite again = decode_mailslot_write(smb).value();
    RC_ASSERT(again.slot == slot);
    RC_ASSERT(as_text(again.data) == data);
    RC_ASSERT(again.priority == write.priority);
    RC_ASSERT(again.mail_class == write.mail_class);
    RC_ASSERT(again.stamp == write.stamp);
}

RC_GTEST_PROP(NetbiosProperty, datagrams_come_out_as_they_went_in, ()) {
    NetbiosDatagram datagram;
    datagram.type = DatagramType{*rc::gen::inRange<std::uint8_t>(0x10, 0x13)};
    datagram.flags = static_cast<std::uint8_t>((*rc::gen::arbitrary<std::uint8_t>() | kFirstPart) &
                                               ~kMoreFollows);
    datagram.id = *rc::gen::arbitrary<std::uint16_t>();
    datagram.source_ip = any_address();
    datagram.source_port = *rc::gen::arbitrary<std::uint16_t>();
    datagram.source = any_scoped_name();
    datagram.destination = any_scoped_name();
    const auto data = *rc::gen::arbitrary<std::string>();
    datagram.user_data = as_bytes(data);
    const Bytes packet = encode_netbios_datagram(buffer, datagram);
    if (packet.empty()) {
        RC_ASSERT(data.size() < 69 || encoded_name_bytes(datagram.source.scope) == 0 ||
                  encoded_name_bytes(datagram.destination.scope) == 0);
        return;
    }
    const auto again = decode_netbios_datagram(packet).value();
    RC_ASSERT(again.source == datagram.source);
    RC_ASSERT(again.destination == datagram.destination);
    RC_ASSERT(again.length == packet.size() - kDatagramHeaderBytes);
    RC_ASSERT(as_text(encode_netbios_datagram(inner, again)) == as_text(packet));
}

RC_GTEST_PROP(NetbiosProperty, name_packets_come_out_as_they_went_in, ()) {
    NamePacket packet;
    packet.id = *rc::gen::arbitrary<std::uint16_t>();
    packet.flags = *rc::gen::arbitrary<std::uint16_t>();
    const ScopedName name{any_name(), ""};
    const auto data = *rc::gen::arbitrary<std::string>();
    if (*rc::gen::arbitrary<bool>()) {
        packet.question = NameQuestion{name, RecordType{*rc::gen::arbitrary<std::uint16_t>()}};
    }
    if (*rc::gen::arbitrary<bool>()) {
        packet.record = NameRecord{name, RecordType{*rc::gen::arbitrary<std::uint16_t>()},
                                   *rc::gen::arbitrary<std::uint32_t>(), as_bytes(data)};
    }
    const NamePacket again = decode_name_packet(encode_name_packet(buffer, packet)).value();
    RC_ASSERT(again.id == packet.id);
    RC_ASSERT(again.flags == packet.flags);
    RC_ASSERT(again.question == packet.question);
    RC_ASSERT(again.record.has_value() == packet.record.has_value());
    if (!packet.record) return;
    RC_ASSERT(again.record->name == name);
    RC_ASSERT(again.record->type == packet.record->type);
    RC_ASSERT(again.record->ttl == packet.record->ttl);
    RC_ASSERT(as_text(again.record->data) == data);
}

}  // namespace
}  // namespace mailslot::wire

#endif
