// The columns of a chunk: docs/history.md, "Frames". Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mailslot/result.h"

namespace mailslot::store {

// Everything of a message but its source and texts.
struct Row {
    std::int64_t kept_us = 0, sent_us = 0;
    std::uint64_t sequence = 0, lost_before = 0;
    std::uint32_t labels_bytes = 0, text_bytes = 0;
    std::uint16_t source = 0;      // index in the sources
    std::uint16_t level_code = 0;  // 0: no level; else the level plus 1
    bool operator==(const Row&) const = default;
};

// Replaces `out`. `sources`: their number.
void encode_columns(std::span<const Row> rows, std::size_t sources, std::string& out);

// Replaces `rows`. The sizes of the rows add up to `texts_bytes` at most kMaxTextsBytes.
// Errors: bad_packet.
Result<std::size_t> decode_columns(std::string_view bytes, std::size_t sources,
                                   std::vector<Row>& rows);

// Largest encoding of that many rows.
std::size_t columns_bound(std::size_t rows);

}  // namespace mailslot::store
