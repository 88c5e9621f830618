// Notes of a post office about a slot's senders. If the office dies, the office that takes over
// knows whose messages it missed. docs/office.md, "Taking over".
#pragma once

#include <cstdint>
#include <functional>

#include "base/clock.h"
#include "inbox/layout.h"
#include "os/shared_memory.h"

namespace mailslot::inbox {

// Notes that all numbers of `origin` below `next` are dealt with. Times are through sleep.
// Threads: the post office's only
void note_sender(SenderNotes& notes, std::uint64_t origin, std::uint64_t next, Clock::Instant now);

// Returns since when every sender that was heard has a note; never after `now`. The first call sets
// that time.
Clock::Instant noted_since(SenderNotes& notes, Clock::Instant now);

// Calls `each` for every note. Anybody who may write to the memory may have forged them.
void read_sender_notes(const SenderNotes& notes,
                       const std::function<void(std::uint64_t origin, std::uint64_t next)>& each);

// Notes of a slot that others may write to: memory that its reader's process shares with post
// offices alone, because a forged note turns honest messages into repeats.
class NotesPage {
public:
    // Errors: no_resources
    static Result<NotesPage> create();
    // Errors: bad_segment, no_resources
    static Result<NotesPage> attach(const os::UniqueFd& page);

    SenderNotes& notes() const { return *reinterpret_cast<SenderNotes*>(mapping_.data()); }
    const os::UniqueFd& fd() const { return fd_; }  // None after attach().

private:
    NotesPage(os::UniqueFd fd, os::Mapping mapping)
        : fd_(std::move(fd)), mapping_(std::move(mapping)) {}

    os::UniqueFd fd_;
    os::Mapping mapping_;
};

}  // namespace mailslot::inbox
