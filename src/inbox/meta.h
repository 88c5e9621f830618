// What the post office notes beside a message from another machine: the record's meta bytes.
#pragma once

#include <array>
#include <string_view>

#include "base/bytes.h"
#include "inbox/layout.h"
#include "model/ip_address.h"

namespace mailslot::inbox {

struct Meta {
    IpAddress from_address{};
    Trust trust = Trust::none;
    std::uint64_t lost_before = 0;
    std::string_view from_host{};  // cut to 255 bytes
};

// Writes into the buffer and returns what was written.
Bytes encode_meta(std::array<std::byte, kMaxMetaBytes>& buffer, const Meta& meta);
// Borrows the bytes. Damaged bytes give an empty Meta: they come from shared memory.
Meta decode_meta(Bytes bytes);

}  // namespace mailslot::inbox
