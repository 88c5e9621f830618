// Counts of a slot, over its segment and the segments given up: docs/inbox.md section 5.
#pragma once

#include <cstdint>

#include "inbox/record_reader.h"
#include "mailslot/slot_info.h"

namespace mailslot::inbox {

// Threads: one at a time
class SlotCounters {
public:
    // Counts the messages that wait as bad records, and keeps the segment's counts.
    void give_up(const RecordReader& records);
    // Fills in the counts, and the messages and bytes that wait.
    void fill(SlotInfo& info, const RecordReader& records) const;

private:
    Losses losses(const Header& header) const;

    // In segments given up.
    std::uint64_t received_ = 0, received_bytes_ = 0, repeats_ = 0, senders_forgotten_ = 0;
    Losses lost_;
};

}  // namespace mailslot::inbox
