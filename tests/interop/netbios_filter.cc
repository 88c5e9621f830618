// Helper of test_netbios.py: reads commands about packets of the classic wire in hex, one a line.
//   datagram HEX            its fields and the packet encoded again, "FIELDS | HEX", or "refused: STEP"
//   name HEX                the same for a packet of the name service
//   write SOURCE DESTINATION IP ID SLOT HEX [ORIGIN SEQUENCE]   encodes a datagram
#include <array>
#include <iostream>
#include <sstream>
#include <string>

#include "wire/netbios_datagram.h"
#include "wire/netbios_service.h"
#include "wire/smb_mailslot.h"
#include "wire/testing/hex.h"

using namespace mailslot;

namespace {

std::array<std::byte, 4096> buffer, inner;

std::string datagram(Bytes packet) {
    const auto decoded = wire::decode_netbios_datagram(packet);
    if (!decoded) return "refused: " + std::string(decoded.error().step);
    const auto write = wire::decode_mailslot_write(decoded->user_data);
    if (!write) return "refused: " + std::string(write.error().step);
    wire::NetbiosDatagram again = *decoded;
    again.user_data = wire::encode_mailslot_write(inner, *write);
    std::ostringstream out;
    out << static_cast<int>(decoded->type) << ' ' << wire::to_string(decoded->source.name) << ' '
        << wire::to_string(decoded->destination.name) << " [" << decoded->destination.scope << "] "
        << write->slot << ' ' << write->priority << ' ' << write->mail_class << ' '
        << wire::to_hex(as_text(write->data)) << " | "
        << wire::to_hex(as_text(wire::encode_netbios_datagram(buffer, again)));
    return out.str();
}

std::string name(Bytes packet) {
    const auto decoded = wire::decode_name_packet(packet);
    if (!decoded) return "refused: " + std::string(decoded.error().step);
    std::ostringstream out;
    out << std::hex << decoded->id << ' ' << decoded->flags << ' ';
    if (decoded->question) out << wire::to_string(decoded->question->name.name);
    if (decoded->record) {
        out << ' ' << wire::to_string(decoded->record->name.name) << ' ' << decoded->record->ttl;
        if (decoded->record->type == wire::RecordType::status) {
            const auto names = wire::decode_node_status(decoded->record->data);
            out << ' ' << (names ? names->size() : 0);
        } else {
            for (const auto& one : wire::decode_name_addresses(decoded->record->data)) {
                out << ' ' << to_string(one.address) << (one.is_group ? " group" : " unique");
            }
        }
    }
    out << " | " << wire::to_hex(as_text(wire::encode_name_packet(buffer, *decoded)));
    return out.str();
}

std::string write(std::istringstream& in) {
    std::string source, destination, ip, slot, data;
    wire::NetbiosDatagram datagram;
    wire::MailslotWrite write;
    in >> source >> destination >> ip >> datagram.id >> slot >> data;
    const auto bytes = wire::from_hex(data == "-" ? "" : data);
    write.slot = slot;
    write.data = bytes;
    if (wire::Stamp stamp; in >> stamp.origin >> stamp.sequence) write.stamp = stamp;
    datagram.source.name = wire::parse_netbios_name(source).value();
    datagram.destination.name = wire::parse_netbios_name(destination).value();
    datagram.source_ip = parse_ip_address(ip).value();
    datagram.user_data = wire::encode_mailslot_write(inner, write);
    return wire::to_hex(as_text(wire::encode_netbios_datagram(buffer, datagram)));
}

}  // namespace

int main() {
    std::string line;
    while (std::getline(std::cin, line)) {
        std::istringstream in(line);
        std::string command, hex;
        in >> command;
        if (command == "write") {
            std::cout << write(in) << "\n";
            continue;
        }
        in >> hex;
        const auto packet = wire::from_hex(hex);
        std::cout << (command == "name" ? name(packet) : datagram(packet)) << "\n";
    }
    return std::cout.flush() ? 0 : 1;
}
