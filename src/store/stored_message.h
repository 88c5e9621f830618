// A message in a store, and its place there.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mailslot/types.h"

namespace mailslot::store {

// Names a stored message for good.
struct Position {
    std::uint64_t chunk = 0;
    std::uint32_t row = 0;
    auto operator<=>(const Position&) const = default;  // NOLINT(modernize-use-nullptr): no pointer
};

inline std::string to_string(Position position) {
    return std::to_string(position.chunk) + '-' + std::to_string(position.row);
}
// Parses "12-34". Returns nullopt for anything else.
std::optional<Position> parse_position(std::string_view text);

// Everything that many messages of a writer share.
struct Source {
    std::string slot, host, address;
    std::uint64_t origin = 0;
    Trust trust = Trust::none;
    Format format = Format::text;
    bool operator==(const Source&) const = default;
};

// A message that borrows its texts.
struct StoredMessage {
    std::string_view slot{}, host{}, address{};
    std::uint64_t origin = 0, sequence = 0, lost_before = 0;
    Trust trust = Trust::none;
    Format format = Format::text;
    std::int64_t kept_us = 0, sent_us = 0;  // Unix microseconds
    std::optional<std::uint16_t> level{};
    std::string_view labels{};  // the label block of docs/protocol/labels.md, or empty
    std::string_view text{};
    Position position{};  // set by readers
};

// Returns the number in the label `level` of a checked block; nullopt if there is none.
std::optional<std::uint16_t> level_in(std::string_view label_block);

}  // namespace mailslot::store
