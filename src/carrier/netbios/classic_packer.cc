#include "carrier/netbios/classic_packer.h"

#include <array>
#include <string>

#include "wire/labels.h"

namespace mailslot {

Result<void> fits_classic_wire(std::string_view slot, std::size_t bytes) {
    const std::size_t most = wire::max_classic_message_bytes(slot);
    if (!wire::is_classic_slot(slot) || most == 0) {
        return Error{Errc::bad_name, "classic slot", 0,
                     "the classic wire carries only short slot names in ASCII"};
    }
    if (bytes <= most) return {};
    return Error{Errc::message_too_big, "send", 0,
                 "the classic wire takes at most " + std::to_string(most) +
                     " bytes to this slot, and there are " + std::to_string(bytes)};
}

Bytes classic_payload(const Envelope& message) {
    if (!message.format.labelled) return message.payload;
    const auto block = wire::label_block_size(as_text(message.payload));
    return block ? message.payload.subspan(*block) : message.payload;
}

Bytes pack_write(std::span<std::byte> buffer, const Envelope& message) {
    wire::MailslotWrite write;
    write.slot = message.slot;
    write.data = classic_payload(message);
    if (message.origin != 0 && message.sequence != 0) {
        write.stamp = wire::Stamp{message.origin, message.sequence, message.origin_age_ms,
                                  message.delivered_at_home, message.machine_id == kPassedOn};
    }
    return wire::encode_mailslot_write(buffer, write);
}

Bytes pack_datagram(std::span<std::byte> buffer, const wire::NetbiosName& from,
                    const ClassicTarget& to, const IpAddress& source, std::uint16_t id,
                    Bytes write) {
    wire::NetbiosDatagram datagram;
    datagram.type = to.type;
    datagram.id = id;
    datagram.source_ip = source;
    datagram.source.name = from;
    datagram.destination.name = to.name;
    datagram.user_data = write;
    return wire::encode_netbios_datagram(buffer, datagram);
}

}  // namespace mailslot
