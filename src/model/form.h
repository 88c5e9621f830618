// How the bytes of a message are to be read. A byte in the frame and in the inbox.
#pragma once

#include <cstdint>
#include <optional>

#include "mailslot/types.h"

namespace mailslot {

struct Form {
    Format format = Format::bytes;
    bool labelled = false;  // a block of labels stands before the text: docs/protocol/labels.md

    constexpr Form() = default;
    constexpr Form(Format of, bool with_labels = false) : format(of), labelled(with_labels) {}
    friend constexpr bool operator==(const Form&, const Form&) = default;
};

inline constexpr std::uint8_t kLabelledBit = 0x80;

constexpr bool is_known(Form form) { return form.format <= Format::unknown; }

constexpr std::uint8_t to_byte(Form form) {
    return static_cast<std::uint8_t>(static_cast<std::uint8_t>(form.format) |
                                     (form.labelled ? kLabelledBit : 0));
}

// Returns nullopt for a form that a later version may have added.
constexpr std::optional<Form> form_from_byte(std::uint8_t byte) {
    const Form form(Format(byte & ~kLabelledBit), (byte & kLabelledBit) != 0);
    return is_known(form) ? std::optional(form) : std::nullopt;
}

}  // namespace mailslot
