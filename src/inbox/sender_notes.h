// What a post office writes into a slot's segment about the slot's senders, so that the one that
// takes over after its death knows whose messages it missed. docs/office.md, "Taking over".
#pragma once

#include <cstdint>
#include <functional>

#include "base/clock.h"
#include "inbox/layout.h"

namespace mailslot::inbox {

// All numbers of `origin` below `next` are dealt with. Times are through sleep. Threads: the post
// office's only.
void note_sender(Header& header, std::uint64_t origin, std::uint64_t next, Clock::Instant now);

// Since when every sender heard has a note; never after `now`. The first call begins.
Clock::Instant noted_since(Header& header, Clock::Instant now);

// Calls `each` for every note. Whoever may write to the slot may have forged them.
void read_sender_notes(const Header& header,
                       const std::function<void(std::uint64_t origin, std::uint64_t next)>& each);

}  // namespace mailslot::inbox
