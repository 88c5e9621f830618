// Log records as the handler of winsys sends them: docs/protocol/winsys-record.md.
// Pure.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "mailslot/mailslot.h"

namespace mailslot::wire {

struct WinsysRecord {
    bool is_end = false;  // the None of a handler that is closed; it has no text
    std::string text{};   // UTF-8
    bool operator==(const WinsysRecord&) const = default;
};

// What a message says if it is a text that was marshalled once or twice, or None. No value: it is
// anything else, such as a message that says itself that it is text.
std::optional<WinsysRecord> winsys_record(Bytes payload, Format format);

}  // namespace mailslot::wire
