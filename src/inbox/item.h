// A message on its way into an inbox.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "inbox/layout.h"
#include "model/contents.h"

namespace mailslot::inbox {

// A message on its way into the queue, or several with consecutive numbers; borrows its bytes.
struct Item {
    RecordKind kind = RecordKind::local;
    Form format{};
    std::uint64_t origin = 0, sequence = 0;
    std::int64_t sent_at_us = 0;
    Bytes meta{};
    Bytes payload{};
    // Several messages: payloads, formats and times come from here, and `sequence` is the first
    // one's. If empty, the item itself is the message.
    Contents contents{};

    std::size_t size() const { return contents.empty() ? 1 : contents.size(); }

    Item front() const {
        if (contents.empty()) return *this;
        const Content one = contents.front();
        return {kind, one.format, origin, sequence, one.sent_at_us, meta, one.payload};
    }
    // At least one message must be left.
    void remove_front() {
        contents.remove_front();
        ++sequence;
    }
};

}  // namespace mailslot::inbox
