// The other machine on the classic wire. Such a machine tells its names, but not its slots.
#include <algorithm>
#include <array>
#include <string>

#include "base/clock.h"
#include "base/visible_text.h"
#include "carrier/netbios/name_finder.h"
#include "carrier/netbios/name_service.h"
#include "carrier/netbios/own_names.h"
#include "carrier/netbios/subnets.h"
#include "mailslot/doctor/finding.h"
#include "os/system_random.h"
#include "os/udp_socket.h"
#include "wire/netbios_service.h"

namespace mailslot::cli::doctor {
namespace {

using std::chrono::milliseconds;
using Family = IpAddress::Family;

constexpr std::size_t kAnswersAtOnce = 16, kAnswerBytes = 2048;
constexpr const char* kCannotSay = ": put reaches it; its slots cannot be listed";

// A socket for questions, and the subnets to ask on.
struct Asker {
    os::UdpSocket socket;
    std::vector<Subnet> subnets;
    os::DatagramBatch batch{kAnswersAtOnce, kAnswerBytes};

    void send(Bytes question, const IpAddress& to, os::Outlet by = {}) {
        socket.send({&question, 1}, {to, wire::kNetbiosNamePort}, by);
    }
    void broadcast(Bytes question) {
        for (const Subnet& subnet : subnets) {
            send(question, subnet.broadcast(), {subnet.interface_index, subnet.address});
        }
    }
    // Passes on the datagrams that came within that time.
    template <class Hear>
    void hear(milliseconds at_most, Hear hear) {
        if (!socket.wait_for_datagram(at_most)) return;
        for (const os::Datagram& datagram : socket.receive(batch)) {
            if (!datagram.cut) hear(datagram);
        }
    }
};

std::optional<Asker> make_asker(const Patient& patient) {
    auto socket = os::UdpSocket::open_for_sending(Family::v4, 1);
    if (!socket) return std::nullopt;
    socket->allow_broadcast();
    return Asker{std::move(*socket), subnets_of(patient.interfaces, patient.settings)};
}

NameFinder::Found find_name(Asker& asker, const wire::NetbiosName& name) {
    const SystemClock clock;
    os::SystemRandom random;
    NameFinder finder(clock, random);
    finder.look_up(name);
    while (finder.next_tick()) {
        for (const auto& question : finder.tick()) asker.broadcast(question);
        asker.hear(kNameRetryTime,
                   [&finder](const os::Datagram& datagram) { finder.hear(datagram.bytes); });
    }
    return finder.look_up(name);
}

// Asks a machine for its own name. Returns nullopt if no answer came.
std::optional<std::string> ask_node(Asker& asker, const IpAddress& address) {
    std::array<std::byte, wire::kMaxNameServicePacketBytes> buffer;
    const auto id = static_cast<std::uint16_t>(os::SystemRandom().u64());
    const wire::NameQuestion everything{{wire::wildcard_name(), {}}, wire::RecordType::status};
    const Bytes question = wire::encode_name_packet(buffer, {.id = id, .question = everything});
    std::optional<std::string> told;
    for (int i = 0; i < kNameRetries && !told; ++i) {
        asker.send(question, address);
        asker.hear(kNameRetryTime, [&](const os::Datagram& datagram) {
            const auto packet = wire::decode_name_packet(datagram.bytes);
            if (!packet || packet->id != id || !packet->is_response() || !packet->record) return;
            if (packet->record->type != wire::RecordType::status) return;
            const auto names = wire::decode_node_status(packet->record->data);
            if (!names) return;
            const auto own = std::ranges::find_if(
                *names, [](const wire::NodeName& node) { return !node.is_group; });
            told = own == names->end() ? "" : wire::to_string(own->name);
        });
    }
    return told;
}

Finding ok(std::string detail) { return {"", Status::ok, "", std::move(detail), ""}; }

Finding of_address(Asker& asker, const IpAddress& address) {
    const std::string where = to_string(address);
    if (address.family != Family::v4) {
        return {"", Status::failed, "peer_unreachable",
                where + ": the classic wire uses IPv4 addresses only",
                "in mailslot.toml: carriers = [\"udp\", \"netbios\"]    # on both"};
    }
    if (const auto name = ask_node(asker, address)) {
        return ok(cell_of(*name) + " answers at " + where + " on the classic wire" + kCannotSay);
    }
    return {"", Status::failed, "peer_silent",
            where +
                " does not answer on the classic wire: the machine is off, NetBIOS is off there, "
                "or a firewall drops UDP 137",
            "nmblookup -A " + where + "    # put still sends messages to this address"};
}

Finding of_name(Asker& asker, const Patient& patient, const std::string& text) {
    const auto name = wire::parse_netbios_name(text);
    if (!name) {
        return {"", Status::failed, "peer_unknown",
                cell_of(text) + " is not a NetBIOS name: use 1 to 15 ASCII letters and digits",
                "mailslot doctor --peer ADDRESS"};
    }
    const auto own = own_names(patient.settings);
    const OwnName* const ours = own ? own->find(*name) : nullptr;
    if (ours != nullptr) {
        return ok(wire::to_string(*name) +
                  (ours->is_group ? " is a group of this machine" : " is this machine"));
    }
    const NameFinder::Found found = find_name(asker, *name);
    if (found.standing != NameFinder::Standing::found) {
        return {"", Status::failed, "peer_unknown",
                "no machine and no group answers to the NetBIOS name " + wire::to_string(*name),
                "nmblookup '" + std::string(name->text()) +
                    "'    # if this finds the name, the firewall here drops answers to broadcasts: "
                    "docs/windows.md"};
    }
    if (found.is_group) return ok(wire::to_string(*name) + " is a group on the classic wire");
    return ok(wire::to_string(*name) + " answers at " + to_string(found.address) +
              " on the classic wire" + kCannotSay);
}

}  // namespace

std::optional<Finding> find_on_classic_wire(const Patient& patient, const Address& peer) {
    if (!patient.settings.netbios) return std::nullopt;
    if (peer.place == Place::everybody) {
        return ok("all machines in " + cell_of(patient.settings.classic.workgroup) +
                  " on the classic wire; their readers cannot be listed");
    }
    auto asker = make_asker(patient);
    if (!asker || (peer.place != Place::ip && peer.place != Place::named)) return std::nullopt;
    return peer.place == Place::ip ? of_address(*asker, peer.ip)
                                   : of_name(*asker, patient, peer.place_text);
}

}  // namespace mailslot::cli::doctor
