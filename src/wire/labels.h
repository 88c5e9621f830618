// The block of labels in front of a message's text: docs/protocol/labels.md. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "mailslot/types.h"

namespace mailslot::wire {

inline constexpr std::size_t kMaxLabels = 32;
inline constexpr std::size_t kMaxLabelNameBytes = 32;
inline constexpr std::size_t kMaxLabelBlockBytes = 1024;  // after block_bytes

// Appends the block. Appends nothing on an error.
// Errors: bad_label.
Result<void> append_labels(std::string& out, std::span<const Label> labels);

// Checks the whole block at the beginning of `payload` and returns its size.
// Errors: bad_packet.
Result<std::size_t> label_block_size(std::string_view payload);

// Calls `each` for every label of a checked block; the Label borrows the block.
template <class Each>
void for_each_label(std::string_view block, Each&& each) {
    const auto number = [&block](std::size_t at) -> std::size_t {
        return static_cast<unsigned char>(block[at]);
    };
    block.remove_prefix(2);
    while (!block.empty()) {
        const std::size_t name = number(0), value = number(1) << 8 | number(2);
        each(Label{block.substr(3, name), block.substr(3 + name, value)});
        block.remove_prefix(3 + name + value);
    }
}

}  // namespace mailslot::wire
