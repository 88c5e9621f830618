// Packets of the NetBIOS name service: docs/protocol/netbios-service.md. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "mailslot/result.h"
#include "model/ip_address.h"
#include "wire/netbios_name.h"

namespace mailslot::wire {

inline constexpr std::uint16_t kNetbiosNamePort = 137;
inline constexpr std::size_t kMaxNameServicePacketBytes = 576;  // RFC 1002 section 4.2.1

enum class NameOpcode : std::uint8_t {
    query = 0,
    registration = 5,
    release = 6,
    wait = 7,
    refresh = 8,
    refresh_too = 9,
    multihomed_registration = 15,
};

namespace name_flags {
inline constexpr std::uint16_t kResponse = 0x8000, kOpcode = 0x7800, kAuthoritative = 0x0400,
                               kRecursionDesired = 0x0100, kRecursionAvailable = 0x0080,
                               kBroadcast = 0x0010, kResult = 0x000f;
}

// RCODE: reasons why a name is refused.
inline constexpr std::uint8_t kActiveError = 6, kConflictError = 7;

enum class RecordType : std::uint16_t { address = 0x0020, status = 0x0021 };

struct NameQuestion {
    ScopedName name{};
    RecordType type = RecordType::address;
    bool operator==(const NameQuestion&) const = default;
};

// Borrows the packet.
struct NameRecord {
    ScopedName name{};
    RecordType type = RecordType::address;
    std::uint32_t ttl = 0;
    Bytes data{};
};

struct NamePacket {
    std::uint16_t id = 0;
    std::uint16_t flags = 0;
    std::optional<NameQuestion> question{};
    std::optional<NameRecord> record{};

    bool is_response() const { return (flags & name_flags::kResponse) != 0; }
    NameOpcode opcode() const { return NameOpcode((flags & name_flags::kOpcode) >> 11); }
    std::uint8_t result() const { return flags & name_flags::kResult; }
};

// Errors: bad_packet; `step` is "name_service" or "name".
Result<NamePacket> decode_name_packet(Bytes packet);
// Returns empty bytes if the buffer is too small or a scope is invalid. The record of a request
// must have the question's name, because it is encoded as a pointer to the question.
Bytes encode_name_packet(std::span<std::byte> buffer, const NamePacket& packet);

// An entry in a record of type `address`.
struct NameAddress {
    bool is_group = false;
    std::uint8_t node = 0;  // 0 B, 1 P, 2 M, 3 H
    IpAddress address{};    // v4
    bool operator==(const NameAddress&) const = default;
};
inline constexpr std::size_t kNameAddressBytes = 6;

// Ignores an incomplete entry at the end.
std::vector<NameAddress> decode_name_addresses(Bytes data);
Bytes encode_name_address(std::span<std::byte> buffer, const NameAddress& address);

// An entry in a record of type `status`.
struct NodeName {
    NetbiosName name{};
    bool is_group = false;
    bool is_in_conflict = false;
    bool operator==(const NodeName&) const = default;
};
// As many as fit into a packet after the record's own name.
inline constexpr std::size_t kMaxNodeNames = 25;

// Errors: bad_packet.
Result<std::vector<NodeName>> decode_node_status(Bytes data);
// Encodes at most kMaxNodeNames names. Returns empty bytes if the buffer is too small.
Bytes encode_node_status(std::span<std::byte> buffer, std::span<const NodeName> names);

}  // namespace mailslot::wire
