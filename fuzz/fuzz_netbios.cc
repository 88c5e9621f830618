// Any bytes into the decoders of the classic wire, as UDP brings them: to port 138 if the first
// byte is 10 to 12, to port 137 otherwise. Accepted packets must mean the same after encoding.
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "wire/netbios_datagram.h"
#include "wire/netbios_service.h"
#include "wire/smb_mailslot.h"

using namespace mailslot;

namespace {

std::array<std::byte, 128 * 1024> buffer, inner;

void check_write(Bytes smb) {
    const auto write = wire::decode_mailslot_write(smb);
    if (!write) return;
    MAILSLOT_CHECK(wire::is_classic_slot(write->slot));
    const Bytes again = wire::encode_mailslot_write(inner, *write);
    if (write->data.size() > wire::max_classic_message_bytes(write->slot)) {
        MAILSLOT_CHECK(again.empty());
        return;
    }
    if (wire::max_classic_message_bytes(write->slot) == 0 && again.empty()) return;
    const auto second = wire::decode_mailslot_write(again);
    MAILSLOT_CHECK(second && second->slot == write->slot && second->stamp == write->stamp);
    MAILSLOT_CHECK(as_text(second->data) == as_text(write->data));
}

void check_datagram(Bytes packet) {
    const auto datagram = wire::decode_netbios_datagram(packet);
    if (!datagram) return;
    check_write(datagram->user_data);
    const Bytes again = wire::encode_netbios_datagram(buffer, *datagram);
    // All but the length, which a sender may have wrong.
    MAILSLOT_CHECK(again.size() == packet.size());
    MAILSLOT_CHECK(as_text(again.first(10)) == as_text(packet.first(10)));
    MAILSLOT_CHECK(as_text(again.subspan(12)) == as_text(packet.subspan(12)));
}

void check_name_packet(Bytes bytes) {
    const auto packet = wire::decode_name_packet(bytes);
    if (!packet) return;
    if (packet->record) {
        (void)wire::decode_name_addresses(packet->record->data);
        if (const auto names = wire::decode_node_status(packet->record->data)) {
            MAILSLOT_CHECK(names->size() <= 255);
        }
    }
    const Bytes again = wire::encode_name_packet(buffer, *packet);
    if (again.empty()) {  // a record with another name than the question
        MAILSLOT_CHECK(packet->question && packet->record);
        return;
    }
    const auto second = wire::decode_name_packet(again);
    MAILSLOT_CHECK(second && second->question == packet->question);
    MAILSLOT_CHECK(second->id == packet->id && second->flags == packet->flags);
    MAILSLOT_CHECK(second->record.has_value() == packet->record.has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 65535) return 0;
    const Bytes packet = std::as_bytes(std::span(data, size));
    const bool is_datagram = size > 0 && data[0] >= 0x10 && data[0] <= 0x13;
    if (is_datagram)
        check_datagram(packet);
    else
        check_name_packet(packet);
    return 0;
}
