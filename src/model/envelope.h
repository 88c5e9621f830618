// What travels between rooms: one message, or one part of one, or word about a writer.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "mailslot/mailslot.h"
#include "model/form.h"
#include "model/ip_address.h"

namespace mailslot {

enum class Scope : std::uint8_t {
    everybody = 1,  // every machine
    named = 2,      // machines whose host name or one of whose domains is `to`
    direct = 3,     // the machine at the address it was sent to, if one of the names in `to` is its
};

enum class Kind : std::uint8_t {
    message = 1,   // a whole message
    fragment = 2,  // a part of one
    end = 3,       // a writer closes; `sequence` is the number its next message would have had
    query = 4,     // who has slots, or this slot? (discovery)
    answer = 5,    // the answer to a query
    // Never on the network. A carrier's word that a copy came of a datagram that it had handed
    // over, which it knew unopened: `slot`, `origin`, and as `sequence` the number that follows.
    copy = 255,
};

// Borrows every view until the call that it was handed to returns.
struct Envelope {
    Kind kind = Kind::message;

    // To.
    Scope scope = Scope::everybody;
    // Scope::named: the folded host or domain. Scope::direct: folded names with zero bytes between
    // them, one of which the machine must have; empty: whatever machine has the address.
    std::string_view to{};
    std::string_view slot{};  // as the writer wrote it; folded where it is compared

    // From.
    std::string_view from_host{};
    IpAddress from_address{};  // filled in by the carrier; Family::none from this machine
    // Which of this machine's addresses or groups the datagram was sent to; filled in by the
    // carrier. Of an answer: the address that was asked, from which the answer leaves.
    IpAddress to_address{};
    // Kind::query: whether the sender can be on the link that the datagram came by; filled in by
    // the carrier.
    bool is_from_neighbour = true;
    std::uint64_t station = 0;        // the sending machine's (runtime folder's) random identity
    std::uint64_t origin = 0;         // the writer's
    std::uint32_t origin_age_ms = 0;  // since that writer's first message; saturates
    bool delivered_at_home = false;   // the writer itself put it into the slot on its own machine

    // The message.
    std::uint64_t sequence = 0;   // counts one writer's messages from 1
    std::int64_t sent_at_us = 0;  // Unix time, the sender's clock
    bool has_no_time = false;     // the wire carries none: sent_at_us is when it came
    Form format{};
    Trust trust = Trust::none;
    std::string_view domain{};  // Trust::domain: whose key it came under, folded
    // It is for a domain whose key is here, and does not come under it: to be counted, no more.
    bool is_refused = false;
    std::uint64_t lost_before = 0;  // filled in by the post office
    Bytes payload{};

    // Kind::fragment: `payload` begins at `offset` of a message of `total_bytes`. All parts but the
    // last have `chunk_bytes` bytes, so a part's number is offset / chunk_bytes.
    std::uint32_t total_bytes = 0, offset = 0;
    std::uint16_t chunk_bytes = 0;
};

}  // namespace mailslot
