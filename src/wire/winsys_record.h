// Log records as winsys's handler sends them: docs/protocol/winsys-record.md. Pure.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "mailslot/types.h"

namespace mailslot::wire {

struct WinsysRecord {
    bool is_end = false;  // the None that a closing handler sends; has no text
    std::string text{};   // UTF-8
    bool operator==(const WinsysRecord&) const = default;
};

// Returns the record if the message is a text that was marshalled once or twice, or None. Returns
// nullopt otherwise, e.g. for a message whose format is text.
std::optional<WinsysRecord> winsys_record(Bytes payload, Format format);

}  // namespace mailslot::wire
