#include "carrier/netbios/name_service.h"

#include <algorithm>
#include <array>
#include <utility>

namespace mailslot {
namespace {

using wire::NameOpcode;
using wire::NamePacket;

// Flags of our packets: docs/protocol/netbios-service.md.
constexpr std::uint16_t kRegistration = 0x2910, kOverwriteDemand = 0x2810, kRefresh = 0x4010;
constexpr std::uint16_t kRelease = 0x3010, kPositiveAnswer = 0x8500, kNodeStatus = 0x8400;
constexpr std::uint16_t kObjection = 0x8580;  // plus opcode and RCODE

std::uint16_t opcode_bits(NameOpcode opcode) {
    return static_cast<std::uint16_t>(static_cast<unsigned>(opcode) << 11);
}

bool is_claim(NameOpcode opcode) {
    return opcode == NameOpcode::registration || opcode == NameOpcode::refresh ||
           opcode == NameOpcode::refresh_too || opcode == NameOpcode::multihomed_registration;
}

bool is_refresh(NameOpcode opcode) {
    return opcode == NameOpcode::refresh || opcode == NameOpcode::refresh_too;
}

}  // namespace

NameService::NameService(OwnNames names, const Clock& clock, Random& random)
    : names_(std::move(names)), clock_(clock), random_(random) {}

void NameService::set_subnets(std::span<const Subnet> subnets, bool are_ours) {
    std::erase_if(places_, [&](const Place& place) {
        return std::ranges::count(subnets, place.subnet) == 0;
    });
    for (const Subnet& subnet : subnets) {
        if (std::ranges::count(places_, subnet, &Place::subnet) > 0) continue;
        Place& place = places_.emplace_back(Place{subnet});
        for (const OwnName& name : names_.all) {
            Claim& claim = place.claims.emplace_back(Claim{name});
            claim.id = static_cast<std::uint16_t>(random_.u64());
            claim.next = clock_.now();
            if (!are_ours) continue;
            claim.standing = Standing::ours;
            claim.next += kRefreshNames;
        }
    }
}

void NameService::tick() {
    const auto now = clock_.now();
    for (Place& place : places_) {
        for (Claim& claim : place.claims) {
            if (claim.next <= now) step(place, claim);
        }
    }
}

// Takes the next step for a name on a subnet.
void NameService::step(const Place& place, Claim& claim) {
    const auto now = clock_.now();
    if (claim.standing == Standing::ours) {
        claim.id = static_cast<std::uint16_t>(random_.u64());
        ask(place.subnet, claim.id, kRefresh, claim.name);
        claim.next = now + kRefreshNames;
        return;
    }
    if (claim.standing == Standing::refused) {
        claim.standing = Standing::claiming;
        claim.sent = 0;
        claim.id = static_cast<std::uint16_t>(random_.u64());
    }
    if (claim.sent < kNameRetries) {
        ask(place.subnet, claim.id, kRegistration, claim.name);
        ++claim.sent;
        claim.next = now + kNameRetryTime;
        return;
    }
    ask(place.subnet, claim.id, kOverwriteDemand, claim.name);
    claim.standing = Standing::ours;
    claim.next = now + kRefreshNames;
}

std::optional<Clock::Instant> NameService::next_tick() const {
    std::optional<Clock::Instant> next;
    for (const Place& place : places_) {
        for (const Claim& claim : place.claims) {
            if (!next || claim.next < *next) next = claim.next;
        }
    }
    return next;
}

void NameService::release_all() {
    for (const Place& place : places_) {
        for (const Claim& claim : place.claims) {
            if (claim.standing != Standing::ours) continue;
            ask(place.subnet, static_cast<std::uint16_t>(random_.u64()), kRelease, claim.name);
        }
    }
    places_.clear();
}

std::vector<NameService::Outgoing> NameService::take_outgoing() {
    return std::exchange(outgoing_, {});
}

std::vector<NameService::Held> NameService::held() const {
    std::vector<Held> all;
    for (const Place& place : places_) {
        for (const Claim& claim : place.claims) {
            all.push_back({claim.name, place.subnet, claim.standing, claim.refused_by});
        }
    }
    return all;
}

NameService::Place* NameService::place_of(const Subnet* subnet) {
    if (subnet == nullptr) return nullptr;
    const auto found = std::ranges::find(places_, *subnet, &Place::subnet);
    return found == places_.end() ? nullptr : &*found;
}

void NameService::hear(Bytes bytes, const Endpoint& from, std::uint32_t interface_index) {
    ++counters_.packets;
    const auto packet = wire::decode_name_packet(bytes);
    if (!packet) {
        ++counters_.bad_packets;
        return;
    }
    std::vector<Subnet> subnets;
    for (const Place& place : places_) subnets.push_back(place.subnet);
    // From us, or from another program of this machine, which has the same names.
    if (is_own_address(subnets, from.address) && from.port == wire::kNetbiosNamePort) return;
    Place* const place = place_of(subnet_of(subnets, interface_index, from.address));
    if (place == nullptr || !place->subnet.contains(from.address)) return;
    if (packet->is_response()) return hear_objection(*place, *packet, from);
    if (packet->opcode() == NameOpcode::query) return hear_query(*place, *packet, from);
    if (is_claim(packet->opcode())) hear_claim(*place, *packet, from);
}

// Accepts only the ID of our last question: anybody could send unrequested conflicts.
void NameService::hear_objection(Place& place, const NamePacket& packet, const Endpoint& from) {
    if (!is_claim(packet.opcode()) || packet.result() == 0 || !packet.record) return;
    for (Claim& claim : place.claims) {
        const bool is_asked = claim.standing == Standing::claiming
                                  ? claim.sent > 0
                                  : claim.standing == Standing::ours;
        if (!is_asked || claim.id != packet.id) continue;
        if (!wire::is_same_name(claim.name.name, packet.record->name.name)) continue;
        claim.standing = Standing::refused;
        claim.refused_by = from.address;
        claim.next = clock_.now() + kClaimRefusedAgain;
    }
}

void NameService::hear_query(const Place& place, const NamePacket& packet, const Endpoint& from) {
    if (!packet.question || !packet.question->name.scope.empty()) return;
    const wire::NetbiosName& asked = packet.question->name.name;
    std::vector<wire::NodeName> ours;
    const Claim* match = nullptr;
    for (const Claim& claim : place.claims) {
        if (claim.standing != Standing::ours) continue;
        ours.push_back({claim.name.name, claim.name.is_group, false});
        if (wire::is_same_name(claim.name.name, asked)) match = &claim;
    }
    std::array<std::byte, wire::kMaxNameServicePacketBytes> data;
    NamePacket reply{.id = packet.id};
    wire::NameRecord& record = reply.record.emplace();
    record.name = packet.question->name;
    record.type = packet.question->type;
    if (record.type == wire::RecordType::status) {
        if (match == nullptr && !asked.is_wildcard()) return;
        reply.flags = kNodeStatus;
        record.data = wire::encode_node_status(data, ours);
    } else if (record.type == wire::RecordType::address && match != nullptr) {
        reply.flags = kPositiveAnswer;
        record.ttl = kNameTtlSeconds;
        record.data =
            wire::encode_name_address(data, {match->name.is_group, 0, place.subnet.address});
    } else {
        return;
    }
    ++counters_.answers;
    answer(place.subnet, from, reply);
}

// Objects if another machine claims a name of ours.
void NameService::hear_claim(const Place& place, const NamePacket& packet, const Endpoint& from) {
    if (!packet.question || !packet.record || !packet.question->name.scope.empty()) return;
    const auto claim = std::ranges::find_if(place.claims, [&](const Claim& one) {
        return one.standing == Standing::ours &&
               wire::is_same_name(one.name.name, packet.question->name.name);
    });
    if (claim == place.claims.end()) return;
    const auto addresses = wire::decode_name_addresses(packet.record->data);
    const bool wants_group = !addresses.empty() && addresses.front().is_group;
    // Others may join our group; a refresh says only that they are in it.
    if (claim->name.is_group && (wants_group || is_refresh(packet.opcode()))) return;
    NamePacket reply{.id = packet.id};
    reply.flags =
        static_cast<std::uint16_t>(kObjection | opcode_bits(packet.opcode()) | wire::kActiveError);
    wire::NameRecord& record = reply.record.emplace();
    record.name = packet.question->name;
    record.data =
        packet.record->data.first(std::min(packet.record->data.size(), wire::kNameAddressBytes));
    ++counters_.objections;
    answer(place.subnet, from, reply);
}

void NameService::ask(const Subnet& subnet, std::uint16_t id, std::uint16_t flags,
                      const OwnName& name) {
    std::array<std::byte, wire::kNameAddressBytes> address;
    NamePacket packet{id, flags, wire::NameQuestion{{name.name, {}}}};
    wire::NameRecord& record = packet.record.emplace();
    record.name.name = name.name;
    record.data = wire::encode_name_address(address, {name.is_group, 0, subnet.address});
    answer(subnet, {subnet.broadcast(), wire::kNetbiosNamePort}, packet);
}

void NameService::answer(const Subnet& subnet, const Endpoint& to, const NamePacket& packet) {
    std::array<std::byte, wire::kMaxNameServicePacketBytes> buffer;
    const Bytes bytes = wire::encode_name_packet(buffer, packet);
    if (!bytes.empty()) outgoing_.push_back({subnet, to, {bytes.begin(), bytes.end()}});
}

}  // namespace mailslot
