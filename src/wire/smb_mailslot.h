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
inline constexpr std::size_t kMailslotNameOffset = 69;  // the least bytes before a name
inline constexpr std::size_t kMaxSmbBytes = 512;        // MS-MAIL 2.1: 443 after the 69
inline constexpr std::uint64_t kMaxStampSequence = (std::uint64_t{1} << 48) - 1;

// Extra data that our own writers put into fields that no other program reads.
struct Stamp {
    std::uint64_t origin = 0;    // not 0
    std::uint64_t sequence = 0;  // 1 to kMaxStampSequence
    std::uint32_t age_ms = 0;    // since the writer's first message
    bool delivered_at_home = false;
    bool passed_on = false;  // by a gateway; never with delivered_at_home
    bool operator==(const Stamp&) const = default;
};

// Borrows the packet.
struct MailslotWrite {
    std::string_view slot{};  // without the prefix
    Bytes data{};
    std::uint16_t priority = 0, mail_class = 2;
    std::optional<Stamp> stamp{};
};

// Errors: bad_packet; `step` is "smb", "words", "opcode", "slot_name" or "data".
Result<MailslotWrite> decode_mailslot_write(Bytes smb);
// Returns empty bytes if the buffer is too small, the message is too large, or
// decode_mailslot_write would refuse the write.
Bytes encode_mailslot_write(std::span<std::byte> buffer, const MailslotWrite& write);

// Returns whether a slot can have this name on the classic wire.
bool is_classic_slot(std::string_view slot);
// Returns the size of the largest message to a slot of this name; 0 if the name is too long.
std::size_t max_classic_message_bytes(std::string_view slot);

}  // namespace mailslot::wire
