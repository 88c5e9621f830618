#include "carrier/pace/heard_streams.h"

#include <algorithm>
#include <cstring>

namespace mailslot {
namespace {

// A stream that comes by several courses is counted by the first, until nothing comes by that for
// this long.
constexpr std::chrono::milliseconds kCourseKeeps{100};

}  // namespace

std::size_t HeardStreams::Hash::operator()(const Key& key) const {
    // The origin is random; a forger who chooses it finds the address and port mixed in.
    std::uint64_t mixed = key.origin ^ (std::uint64_t{key.from.port} << 32) ^ key.is_sealed;
    std::uint64_t halves[2];
    static_assert(sizeof halves == sizeof key.from.address.octets);
    std::memcpy(halves, key.from.address.octets.data(), sizeof halves);
    for (const std::uint64_t half : halves) {
        mixed = (mixed ^ half) * 0x9E37'79B9'7F4A'7C15;
        mixed ^= mixed >> 32;
    }
    return static_cast<std::size_t>(mixed);
}

HeardStreams::Key HeardStreams::key_of(const Course& course) {
    const bool is_sealed = !course.domain.empty();
    const bool counts_once = is_sealed && course.interface != 0;
    return {course.origin, counts_once ? Endpoint{} : course.from, is_sealed};
}

void HeardStreams::heard(const Course& course, const HeardStream::Arrival& arrival) {
    Entry* const entry = find(course, arrival.at);
    if (entry == nullptr) return;
    Course& present = entry->course;
    if (course.interface != present.interface || course.from != present.from) {
        if (arrival.at - entry->stream.heard_at() < kCourseKeeps) return;
        present.interface = course.interface;
        present.from = course.from;
    }
    entry->course.to = course.to;
    entry->course.socket = course.socket;
    entry->stream.heard(arrival);
    const auto due = entry->stream.due();
    if (!due) return;
    note_due(*due);
    if (!entry->is_waiting) waiting_.push_back(entry);
    entry->is_waiting = true;
    if (entry->is_reported) return;
    entry->is_reported = true;
    Table& table = entry->key.is_sealed ? sealed_ : open_;
    table.reported.splice(table.reported.begin(), table.passing, entries_.at(entry->key));
}

// Finds or adds the stream, as the latest of its list. Returns null if there is no room.
HeardStreams::Entry* HeardStreams::find(const Course& course, Instant now) {
    const Key key = key_of(course);
    Table& table = key.is_sealed ? sealed_ : open_;
    if (const auto known = entries_.find(key); known != entries_.end()) {
        auto& list = known->second->is_reported ? table.reported : table.passing;
        list.splice(list.begin(), list, known->second);
        return &*known->second;
    }
    if (!make_room(table, now)) return nullptr;
    Entry& entry = table.passing.emplace_front(Entry{key, course, std::string(course.domain)});
    entry.course.domain = entry.domain;
    entries_.emplace(key, table.passing.begin());
    return &entry;
}

bool HeardStreams::make_room(Table& table, Instant now) {
    if (table.passing.size() + table.reported.size() < most_) return true;
    if (!table.reported.empty() && now - table.reported.back().stream.heard_at() >= kStreamKeeps) {
        forget(table.reported);
    } else if (!table.passing.empty()) {
        forget(table.passing);
    } else {
        return false;
    }
    return true;
}

void HeardStreams::forget(std::list<Entry>& list) {
    if (list.back().is_waiting) std::erase(waiting_, &list.back());
    entries_.erase(list.back().key);
    list.pop_back();
}

void HeardStreams::report(Instant now, const ReportBytes& bytes, const BufferOf& buffer,
                          const Send& send) {
    if (!due_ || now < *due_) return;
    due_.reset();
    std::erase_if(waiting_, [&](Entry* entry) {
        HeardStream& stream = entry->stream;
        if (const auto due = stream.due(); due && *due <= now) {
            const auto report =
                stream.report(now, bytes(entry->course), buffer(entry->course.socket));
            if (report) send(entry->course, *report);
        }
        // A report that is due, but has not earned its bytes yet, waits for more of the stream.
        const auto due = stream.due();
        entry->is_waiting = due && *due > now;
        if (entry->is_waiting) note_due(*due);
        return !entry->is_waiting;
    });
}

}  // namespace mailslot
