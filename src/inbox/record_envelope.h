// A message taken out of an inbox, without its payload.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "inbox/layout.h"

namespace mailslot::inbox {

struct RecordEnvelope {
    RecordKind kind = RecordKind::continued;  // continued: none taken yet
    Form format{};
    std::uint64_t origin = 0, sequence = 0;
    std::int64_t sent_at_us = 0;
    std::uint64_t dropped_before = 0;  // the origin's drops since its last message
    // Two records of an inbox with the same number have the same meta.
    std::uint64_t meta_number = 0;
    std::uint16_t meta_size = 0;
    std::array<std::byte, kMaxMetaBytes> meta_buffer;

    Bytes meta() const { return std::span(meta_buffer).first(meta_size); }
};

}  // namespace mailslot::inbox
