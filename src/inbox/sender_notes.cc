#include "inbox/sender_notes.h"

#include <algorithm>

namespace mailslot::inbox {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;

}  // namespace

void mark_opened(Header& header, std::chrono::steady_clock::time_point now) {
    header.opened_at_ns.store(std::chrono::nanoseconds(now.time_since_epoch()).count(), relaxed);
}

void note_sender(Header& header, const SenderNote& note) {
    auto& place = header.notes[note.origin % header.notes.size()];
    const std::uint64_t before = place.origin.load(relaxed);
    if (before != note.origin) {
        if (before != 0) header.notes_overwritten.store(1, relaxed);
        // Half a note is worse than none: an office that reads it between these sees nobody.
        place.next.store(0, relaxed);
        place.origin.store(note.origin, std::memory_order_release);
    } else if (place.next.load(relaxed) >= note.next) {
        return;
    }
    place.next.store(note.next, std::memory_order_release);
}

SenderNotes read_notes(const Header& header, std::chrono::steady_clock::time_point now) {
    SenderNotes notes{now, {}};
    // Somebody may have been overwritten: a sender without a note is not for certain a new one.
    if (header.notes_overwritten.load(relaxed) == 0) {
        const std::chrono::steady_clock::time_point opened{
            std::chrono::nanoseconds(header.opened_at_ns.load(relaxed))};
        notes.listening_since = std::min(now, opened);
    }
    for (const auto& place : header.notes) {
        const SenderNote note{place.origin.load(std::memory_order_acquire),
                              place.next.load(std::memory_order_acquire)};
        if (note.origin != 0 && note.next != 0) notes.senders.push_back(note);
    }
    return notes;
}

}  // namespace mailslot::inbox
