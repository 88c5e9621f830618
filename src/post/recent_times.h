// Remembers when the last messages that arrived were sent. Two processes that continue from one
// snapshot use the same origin and the same numbers for different messages, but a copy has the time
// of its message.
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mailslot::post {

class RecentTimes {
public:
    void note(std::uint64_t origin, std::uint64_t sequence, std::int64_t sent_at_us) {
        entry_of(origin, sequence) = {key_of(origin, sequence), sent_at_us};
    }
    // Returns true if the number was noted with another time. False if the number was forgotten.
    bool is_another(std::uint64_t origin, std::uint64_t sequence, std::int64_t sent_at_us) {
        const Entry& entry = entry_of(origin, sequence);
        return entry.key == key_of(origin, sequence) && entry.sent_at_us != sent_at_us;
    }
    // Returns true if the number was noted with this time. False if the number was forgotten.
    bool is_same(std::uint64_t origin, std::uint64_t sequence, std::int64_t sent_at_us) {
        const Entry& entry = entry_of(origin, sequence);
        return entry.key == key_of(origin, sequence) && entry.sent_at_us == sent_at_us;
    }

private:
    struct Entry {
        std::uint64_t key = 0;
        std::int64_t sent_at_us = 0;
    };
    // 64 KiB, which stay in a processor's cache. Each number has a fixed place, where later notes
    // replace earlier notes.
    static constexpr std::size_t kEntries = 4096;

    static std::uint64_t key_of(std::uint64_t origin, std::uint64_t sequence) {
        return (origin ^ (sequence << 1)) * 0x9e37'79b9'7f4a'7c15ULL | 1;  // 0: no entry
    }
    Entry& entry_of(std::uint64_t origin, std::uint64_t sequence) {
        return entries_[key_of(origin, sequence) >> 52];
    }

    std::vector<Entry> entries_ = std::vector<Entry>(kEntries);
};

}  // namespace mailslot::post
