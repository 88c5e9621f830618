#include "inbox/sender_notes.h"

#include <algorithm>

namespace mailslot::inbox {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;

std::int64_t to_ticks(Clock::Instant instant) { return instant.time_since_epoch().count(); }

}  // namespace

void note_sender(Header& header, std::uint64_t origin, std::uint64_t next, Clock::Instant now) {
    SenderNote& note = header.sender_notes[origin % kSenderNotes];
    if (note.origin.load(relaxed) != origin) {
        // The place was another sender's. A forgotten sender must not be taken for one that was
        // never heard.
        if (note.next.load(relaxed) != 0) header.noted_since.store(to_ticks(now), relaxed);
        note.next.store(0, std::memory_order_release);
        note.origin.store(origin, std::memory_order_release);
    }
    // A message that came late does not lower the note.
    if (note.next.load(relaxed) < next) note.next.store(next, std::memory_order_release);
}

Clock::Instant noted_since(Header& header, Clock::Instant now) {
    std::int64_t since = 0;
    if (header.noted_since.compare_exchange_strong(since, to_ticks(now))) return now;
    return std::min(now, Clock::Instant(Clock::Instant::duration(since)));
}

void read_sender_notes(const Header& header,
                       const std::function<void(std::uint64_t origin, std::uint64_t next)>& each) {
    for (const SenderNote& note : header.sender_notes) {
        const std::uint64_t next = note.next.load(std::memory_order_acquire);
        if (next != 0) each(note.origin.load(std::memory_order_acquire), next);
    }
}

}  // namespace mailslot::inbox
