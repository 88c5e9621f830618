// The sources of a chunk: docs/history.md, "Frames". Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/stored_message.h"

namespace mailslot::store {

// Collects the sources of the open chunk.
class SourceTable {
public:
    // Returns the index of the message's source, which is added if it is new. Returns nullopt if the
    // table is full.
    std::optional<std::uint16_t> index_of(const StoredMessage& message);

    const std::vector<Source>& all() const { return sources_; }
    std::string encoded() const;
    void clear();

private:
    std::vector<Source> sources_;
    std::unordered_map<std::string, std::uint16_t> by_bytes_;  // encoded source
    std::size_t encoded_bytes_ = 2;
    // Index of a source with that origin, plus 1: the fast path.
    std::array<std::uint16_t, 64> recent_{};
};

// Errors: bad_packet.
Result<std::vector<Source>> decode_sources(std::string_view bytes);

}  // namespace mailslot::store
