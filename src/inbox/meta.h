// The record's meta bytes: the post office's notes about a message from another machine.
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

// Writes into the buffer and returns the bytes written.
Bytes encode_meta(std::array<std::byte, kMaxMetaBytes>& buffer, const Meta& meta);
// Borrows the bytes, which come from shared memory. Returns an empty Meta if they are damaged.
Meta decode_meta(Bytes bytes);

}  // namespace mailslot::inbox
