// The mailslot write of the classic Windows wire: docs/protocol/smb-mailslot.md. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "mailslot/result.h"

namespace mailslot::wire {

inline constexpr std::string_view kMailslotPrefix = "\\MAILSLOT\\";
inline constexpr std::size_t kMailslotNameOffset = 69;  // the least that a write has in front
inline constexpr std::size_t kMaxSmbBytes = 512;        // MS-MAIL 2.1: 443 behind the 69
inline constexpr std::uint64_t kMaxStampSequence = (std::uint64_t{1} << 48) - 1;

// What our own writers say beside it, in fields that nobody else looks at.
struct Stamp {
    std::uint64_t origin = 0;    // not 0
    std::uint64_t sequence = 0;  // 1 to kMaxStampSequence
    std::uint32_t age_ms = 0;    // since the writer's first message
    bool delivered_at_home = false;
    bool passed_on = false;  // by a gateway; and then not delivered at home
    bool operator==(const Stamp&) const = default;
};

// Borrows the packet.
struct MailslotWrite {
    std::string_view slot{};  // what stands behind the prefix
    Bytes data{};
    std::uint16_t priority = 0, mail_class = 2;
    std::optional<Stamp> stamp{};
};

// Errors: bad_packet; `step` is "smb", "words", "opcode", "slot_name" or "data".
Result<MailslotWrite> decode_mailslot_write(Bytes smb);
// Empty: the buffer is too small, the message too large, or it is one that decode_mailslot_write
// would refuse.
Bytes encode_mailslot_write(std::span<std::byte> buffer, const MailslotWrite& write);

// Whether a slot can have this name on the classic wire.
bool is_classic_slot(std::string_view slot);
// The largest message to a slot of that name; 0 where the name itself is too long.
std::size_t max_classic_message_bytes(std::string_view slot);

}  // namespace mailslot::wire
