// Numbered messages whose bytes can all be checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mailslot::testing_process {

struct Stamp {
    std::uint32_t writer = 0;
    std::uint32_t number = 0;  // number of the writer's message, from 1
};

inline constexpr std::size_t kStampBytes = 24;  // the smallest message

// Returns `size` bytes, but at least kStampBytes.
std::string stamped(const Stamp& stamp, std::size_t size);
// Returns nullopt if any byte differs from the result of stamped().
std::optional<Stamp> read_stamp(std::string_view message);

// Returns a size for the message: mostly small, and every eighth message spans several blocks.
std::size_t size_for(const Stamp& stamp);

}  // namespace mailslot::testing_process
