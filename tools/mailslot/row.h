// One received message as the commands print it: borrows from the Message.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mailslot/commands.h"
#include "mailslot/mailslot.h"
#include "mailslot/value.h"

namespace mailslot::cli {

struct Row {
    std::string_view slot{}, from_host{}, from_address{}, data{};
    std::string literal{};  // Format::value: as Python prints it; empty: it is none
    std::string decoded{};  // with --decode: what it says, in words; empty: no format we know
    std::uint64_t origin = 0, sequence = 0, lost_before = 0;
    std::chrono::system_clock::time_point sent_at{};
    Format format = Format::text;
    Trust trust = Trust::none;
    std::vector<Label> labels{};
};

// Of a huge value the beginning is enough for people; programs take its bytes.
inline constexpr std::size_t kMaxLiteralBytes = 1 << 20;

inline Row row_of(const Message& message) {
    const bool is_value = message.format() == Format::value;
    return {
        .slot = message.slot(),
        .from_host = message.from_host(),
        .from_address = message.from_address(),
        .data = message.text(),
        .literal = is_value ? value_to_text(message.bytes(), kMaxLiteralBytes).value_or("") : "",
        .origin = message.origin(),
        .sequence = message.sequence(),
        .lost_before = message.lost_before(),
        .sent_at = message.sent_at(),
        .format = message.format(),
        .trust = message.trust(),
        .labels = message.labels()};
}

// The same with what it says in words, where `print` asks for that.
Row row_of(const Message& message, const PrintOptions& print);

}  // namespace mailslot::cli
