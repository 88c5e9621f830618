// Numbered messages whose every byte can be checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mailslot::testing_process {

struct Stamp {
    std::uint32_t writer = 0;
    std::uint32_t number = 0;  // counts the writer's messages from 1
};

inline constexpr std::size_t kStampBytes = 24;  // the smallest message

// At least kStampBytes, otherwise `size` bytes.
std::string stamped(const Stamp& stamp, std::size_t size);
// No value: not a byte may differ from what stamped() gave, and some does.
std::optional<Stamp> read_stamp(std::string_view message);

// A size for the message: mostly small ones, every eighth runs through several blocks.
std::size_t size_for(const Stamp& stamp);

}  // namespace mailslot::testing_process
