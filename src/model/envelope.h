// An envelope travels between rooms: a message, a part of a message, or a report about a writer.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "mailslot/types.h"
#include "model/form.h"
#include "model/ip_address.h"

namespace mailslot {

enum class Scope : std::uint8_t {
    everybody = 1,  // every machine
    named = 2,      // machines with `to` as host name or as a domain
    direct = 3,     // the machine at the address, if a name in `to` is its own
};

enum class Kind : std::uint8_t {
    message = 1,   // a whole message
    fragment = 2,  // a part of a message
    end = 3,       // a writer closes; `sequence` is that of its next message
    query = 4,     // asks who has slots, or this slot (discovery)
    answer = 5,    // the answer to a query
    report = 6,    // tells a writer how its stream arrives (wire/report.h)
    // Never on the network. Reports a repeated datagram that the carrier recognized without opening
    // it. Has `slot`, `origin`, and in `sequence` the number after the datagram's last message.
    copy = 255,
};

// Borrows every view until the call that received the envelope returns.
struct Envelope {
    Kind kind = Kind::message;

    // To.
    Scope scope = Scope::everybody;
    // Scope::named: the folded host or domain. Scope::direct: folded names, separated by zero
    // bytes, one of which the machine must have; if empty, any machine that has the address.
    std::string_view to{};
    std::string_view slot{};  // as the writer wrote it; folded for comparison

    // From.
    std::string_view from_host{};
    IpAddress from_address{};  // set by the carrier; Family::none from this machine
    // Port of the socket that sent the datagram; set by the carrier; 0 if unknown.
    std::uint16_t from_port = 0;
    // Address or group of this machine to which the datagram was sent; set by the carrier. In an
    // answer: the address that was asked, from which the answer leaves.
    IpAddress to_address{};
    // Kind::query: whether the sender can be on the link that the datagram came by; set by the
    // carrier.
    bool is_from_neighbour = true;
    std::uint64_t machine_id = 0;     // MachineId::number of the sending machine; 0: none
    std::uint64_t origin = 0;         // the writer's identity
    std::uint32_t origin_age_ms = 0;  // since the writer's first message; saturates
    bool delivered_at_home = false;   // the writer put its own machine's copy into the slot

    // The message.
    std::uint64_t sequence = 0;   // counts the writer's messages from 1
    std::int64_t sent_at_us = 0;  // Unix time, the sender's clock
    bool has_no_time = false;     // none on the wire: sent_at_us is the time of arrival
    Form format{};
    Trust trust = Trust::none;
    std::string_view domain{};  // Trust::domain: the domain whose key sealed it, folded
    // Only counted: for a domain whose key is here, but not sealed with that key.
    bool is_refused = false;
    std::uint64_t lost_before = 0;  // set by the post office
    Bytes payload{};

    // Kind::fragment: `payload` begins at `offset` of a message of `total_bytes`. All parts except
    // the last have `chunk_bytes` bytes, so a part's number is offset / chunk_bytes.
    std::uint32_t total_bytes = 0, offset = 0;
    std::uint16_t chunk_bytes = 0;
};

}  // namespace mailslot
