// A message taken from an inbox, together with its payload.
#pragma once

#include <string>

#include "inbox/inbox.h"

namespace mailslot::inbox {

struct Record : RecordEnvelope {
    std::string payload;
};

inline Result<void> get_nowait(Inbox& inbox, Record& record) {
    return inbox.get_nowait(record, record.payload);
}

inline Result<void> get_within(Inbox& inbox, Record& record, Timeout timeout,
                               Interrupted interrupted = nullptr) {
    return inbox.get_within(record, record.payload, timeout, interrupted);
}

}  // namespace mailslot::inbox
