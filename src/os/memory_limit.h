// Memory that the control groups of this process still allow: docs/memory.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mailslot::os {

// Threads: one at a time
class MemoryLimit {
public:
    struct Room {
        std::uint64_t limit = 0;
        std::uint64_t left = 0;  // without the file pages that the kernel can drop
    };

    // `process` is the folder with the process's `cgroup` and `mountinfo`.
    explicit MemoryLimit(std::string process = "/proc/self") : process_(std::move(process)) {}

    // Returns the room in the group with the least room; nullopt if no group has a limit, or the
    // groups cannot be read.
    std::optional<Room> room();

private:
    struct Group {
        std::string folder;
        bool is_version_1 = false;
        std::uint64_t limit = 0;
    };
    void find_groups();
    static Room room_in(const Group& group);

    std::string process_;
    std::vector<Group> groups_;  // those with a limit
    std::optional<std::chrono::steady_clock::time_point> found_at_;
};

}  // namespace mailslot::os
