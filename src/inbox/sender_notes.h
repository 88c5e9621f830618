// What a post office leaves behind in each slot for the one that takes over from it: how far it
// heard whom. So a gap that its death tears is counted, and no copy of an earlier message gets
// through.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "inbox/layout.h"

namespace mailslot::inbox {

struct SenderNote {
    std::uint64_t origin = 0, next = 0;  // the sequence number that should come next
};

struct SenderNotes {
    // Since when somebody listens without a break that these notes do not bridge.
    std::chrono::steady_clock::time_point listening_since;
    std::vector<SenderNote> senders;
};

void mark_opened(Header& header, std::chrono::steady_clock::time_point now);
// Where two senders meet in one place the later one has it.
void note_sender(Header& header, const SenderNote& note);
SenderNotes read_notes(const Header& header, std::chrono::steady_clock::time_point now);

}  // namespace mailslot::inbox
