// usage: mutated_captures COUNT SEED CAPTURE...: sends COUNT mutated copies of captured packets
// through the post office's code for ports 137 and 138. Checks each delivered message again, by
// offsets in the packet only: it must follow docs/protocol/netbios-datagram.md and smb-mailslot.md,
// and be for one of our names.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/testing/fake_clock.h"
#include "carrier/netbios/classic_intake.h"
#include "carrier/netbios/name_finder.h"
#include "carrier/netbios/name_service.h"

using namespace mailslot;

namespace {

using Packet = std::vector<std::byte>;

unsigned byte_at(const Packet& packet, std::size_t at) {
    return std::to_integer<unsigned>(packet.at(at));
}
unsigned little(const Packet& packet, std::size_t at) {
    return byte_at(packet, at) | byte_at(packet, at + 1) << 8;
}

[[noreturn]] void fail(const char* what, const Packet& packet) {
    std::fprintf(stderr, "mutated_captures: %s:", what);
    for (const std::byte b : packet) std::fprintf(stderr, " %02x", std::to_integer<unsigned>(b));
    std::fprintf(stderr, "\n");
    std::exit(1);
}

// Reads the UDP payloads of a classic pcap file of Ethernet and IPv4, each with its port.
void read_capture(const char* path, std::vector<std::pair<bool, Packet>>& packets) {
    std::ifstream file(path, std::ios::binary);
    const std::string all((std::istreambuf_iterator<char>(file)), {});
    const auto u8 = [&all](std::size_t at) { return static_cast<unsigned char>(all.at(at)); };
    for (std::size_t at = 24; at + 16 <= all.size();) {
        const std::size_t size = u8(at + 8) | static_cast<std::size_t>(u8(at + 9)) << 8;
        const std::size_t ip = at + 16 + 14, udp = ip + 4 * (u8(ip) & 15u);
        const bool is_datagram =
            (u8(udp) << 8 | u8(udp + 1)) == 138 || (u8(udp + 2) << 8 | u8(udp + 3)) == 138;
        const std::size_t length = static_cast<std::size_t>(u8(udp + 4) << 8 | u8(udp + 5)) - 8;
        const auto* const from = reinterpret_cast<const std::byte*>(all.data()) + udp + 8;
        packets.emplace_back(is_datagram, Packet(from, from + length));
        at += 16 + size;
    }
}

// Returns the name whose 34 bytes begin at `at`, or an empty text if they have another form.
std::string name_at(const Packet& packet, std::size_t at) {
    if (byte_at(packet, at) != 32 || byte_at(packet, at + 33) != 0) return {};
    std::string name;
    for (std::size_t i = 0; i < 16; ++i) {
        const unsigned high = byte_at(packet, at + 1 + 2 * i) - 'A';
        const unsigned low = byte_at(packet, at + 2 + 2 * i) - 'A';
        if (high > 15 || low > 15) return {};
        name += static_cast<char>(std::toupper(static_cast<int>(high << 4 | low)));
    }
    return name;
}

void check(const Packet& packet, const Envelope& got, const OwnNames& names) {
    if (packet.size() < 151) fail("too short", packet);
    if (byte_at(packet, 0) < 0x10 || byte_at(packet, 0) > 0x12) fail("type", packet);
    if ((byte_at(packet, 1) & 3) != 2 || byte_at(packet, 12) + byte_at(packet, 13) != 0) {
        fail("fragment", packet);
    }
    // Rare packets whose source has a scope, so that the destination begins later, are left out.
    if (name_at(packet, 14).empty()) return;
    const std::string to = name_at(packet, 48);
    bool is_ours = to == std::string("*") + std::string(15, '\0');
    for (const OwnName& own : names.all) is_ours |= to == std::string(own.name.bytes.data(), 16);
    if (!is_ours) fail("name", packet);
    const std::size_t smb = 82;
    if (byte_at(packet, smb) != 0xff || byte_at(packet, smb + 4) != 0x25) fail("smb", packet);
    if (byte_at(packet, smb + 32) != 17 || byte_at(packet, smb + 59) != 3) fail("words", packet);
    if (little(packet, smb + 61) != 1) fail("opcode", packet);
    std::size_t zero = smb + 69;
    while (byte_at(packet, zero) != 0) ++zero;
    std::string slot;
    for (std::size_t at = smb + 69; at < zero; ++at) slot += static_cast<char>(byte_at(packet, at));
    if (slot.size() != 10 + got.slot.size() || slot.substr(10) != got.slot || got.slot.empty()) {
        fail("slot", packet);
    }
    const std::size_t count = little(packet, smb + 55), offset = little(packet, smb + 57);
    if (got.payload.size() != count) fail("length", packet);
    if (count == 0) return;
    if (smb + offset <= zero || smb + offset + count > packet.size()) fail("offset", packet);
    if (as_text(got.payload) != as_text(Bytes(packet).subspan(smb + offset, count))) {
        fail("data", packet);
    }
}

Packet mutated(const Packet& packet, std::mt19937_64& random) {
    Packet out = packet;
    const auto below = [&random](std::size_t most) {
        return static_cast<std::size_t>(random() % (most == 0 ? 1 : most));
    };
    for (std::size_t changes = below(4); changes > 0 && !out.empty(); --changes) {
        const std::size_t at = below(out.size());
        switch (below(5)) {
            case 0:
                out[at] = std::byte(random());
                break;
            case 1:
                out[at] ^= std::byte(1u << below(8));
                break;
            case 2:
                out.resize(at);
                break;
            case 3:
                out.insert(out.begin() + static_cast<long>(at), below(40), std::byte(random()));
                break;
            default:
                out[at] = std::byte(below(2) == 0 ? 0 : 0xff);
                if (at + 1 < out.size()) out[at + 1] = std::byte(below(2) == 0 ? 0 : 0xff);
        }
    }
    return out;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) return 2;
    std::vector<std::pair<bool, Packet>> packets;
    for (int i = 3; i < argc; ++i) read_capture(argv[i], packets);
    Settings settings;
    settings.host = "STATION";
    settings.classic.workgroup = "MSGROUP";
    settings.classic.names = {"PROBE#00", "ALPHA#00", "MSGROUP#1D", "MSGROUP#1C"};
    const OwnNames names = own_names(settings).value();
    FakeClock clock;
    SeededRandom ids(1);
    ClassicCounters counters;
    ClassicIntake intake(names, clock, ids, counters);
    NameService service(names, clock, ids);
    NameFinder finder(clock, ids);
    const Subnet subnet{2, IpAddress::v4(10, 77, 0, 9), 24};
    service.set_subnets({&subnet, 1});
    std::mt19937_64 random(std::strtoull(argv[2], nullptr, 10));
    std::uint64_t taken = 0;
    for (std::uint64_t left = std::strtoull(argv[1], nullptr, 10); left > 0; --left) {
        const auto& [is_datagram, packet] = packets[random() % packets.size()];
        const Packet spoilt = mutated(packet, random);
        const Endpoint from{IpAddress::v4(10, 77, 0, static_cast<std::uint8_t>(random())), 137};
        if (is_datagram) {
            const auto parcel = intake.take(spoilt, from, {&subnet, 1});
            if (parcel) check(spoilt, parcel->front(), names);
            taken += parcel.has_value();
        } else {
            service.hear(spoilt, from, 2);
            finder.hear(spoilt);
        }
        clock.advance(std::chrono::milliseconds(1));
        service.tick();
        (void)service.take_outgoing();
    }
    std::printf("%llu handed over; %llu damaged, %llu for others, %llu repeats\n",
                static_cast<unsigned long long>(taken),
                static_cast<unsigned long long>(counters.bad_packet),
                static_cast<unsigned long long>(counters.other_name),
                static_cast<unsigned long long>(counters.repeats));
    return taken > 0 && counters.bad_packet > 0 && counters.other_name > 0 ? 0 : 1;
}
