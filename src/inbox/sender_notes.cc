#include "inbox/sender_notes.h"

#include <algorithm>

namespace mailslot::inbox {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr std::size_t kPageBytes = 4096;
static_assert(sizeof(SenderNotes) <= kPageBytes);

std::int64_t to_ticks(Clock::Instant instant) { return instant.time_since_epoch().count(); }

}  // namespace

void note_sender(SenderNotes& notes, std::uint64_t origin, std::uint64_t next, Clock::Instant now) {
    SenderNote& note = notes.by_place[origin % kSenderNotes];
    if (note.origin.load(relaxed) != origin) {
        // The place was another sender's. A forgotten sender must not be taken for one that was
        // never heard.
        if (note.next.load(relaxed) != 0) notes.since.store(to_ticks(now), relaxed);
        note.next.store(0, std::memory_order_release);
        note.origin.store(origin, std::memory_order_release);
    }
    // A message that came late does not lower the note.
    if (note.next.load(relaxed) < next) note.next.store(next, std::memory_order_release);
}

Clock::Instant noted_since(SenderNotes& notes, Clock::Instant now) {
    std::int64_t since = 0;
    if (notes.since.compare_exchange_strong(since, to_ticks(now))) return now;
    return std::min(now, Clock::Instant(Clock::Instant::duration(since)));
}

void read_sender_notes(const SenderNotes& notes,
                       const std::function<void(std::uint64_t origin, std::uint64_t next)>& each) {
    for (const SenderNote& note : notes.by_place) {
        const std::uint64_t next = note.next.load(std::memory_order_acquire);
        if (next != 0) each(note.origin.load(std::memory_order_acquire), next);
    }
}

Result<NotesPage> NotesPage::create() {
    auto page = os::create_shared_memory("mailslot notes", kPageBytes, os::WhoWrites::everyone);
    if (!page) return page.error();
    if (auto backed = os::reserve_range(page->fd, page->mapping, 0, kPageBytes); !backed) {
        return backed.error();
    }
    return NotesPage(std::move(page->fd), std::move(page->mapping));
}

Result<NotesPage> NotesPage::attach(const os::UniqueFd& page) {
    auto mapping =
        os::map_shared_memory(page, os::WhoWrites::everyone, sizeof(SenderNotes), kPageBytes);
    if (!mapping) return mapping.error();
    return NotesPage(os::UniqueFd(), std::move(*mapping));
}

}  // namespace mailslot::inbox
