// A received message as the commands print it. Borrows from the Message.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailslot/mailslot.h"
#include "mailslot/print_options.h"
#include "mailslot/value.h"

namespace mailslot::cli {

struct ShownMessage {
    std::string_view slot{}, from_host{}, from_address{}, data{};
    std::string literal{};                // Format::value as Python prints it; empty: not a value
    std::optional<std::string> record{};  // the text of a log record that winsys marshalled
    std::string decoded{};  // with --decode: the content in words; empty: unknown format
    std::uint64_t origin = 0, sequence = 0, lost_before = 0;
    std::chrono::system_clock::time_point sent_at{};
    Format format = Format::text;
    Trust trust = Trust::none;
    std::vector<Label> labels{};
};

// People need only the beginning of a huge value; programs take its bytes.
inline constexpr std::size_t kMaxLiteralBytes = 1 << 20;

ShownMessage shown(const Message& message);

// Like shown(message), with the content in words if `print` asks for that.
ShownMessage shown(const Message& message, const PrintOptions& print);

}  // namespace mailslot::cli
