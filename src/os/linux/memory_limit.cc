#include "os/memory_limit.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <string_view>

namespace mailslot::os {
namespace {

using std::chrono::steady_clock;

// A process can be moved to another group, and a group's limit can change.
constexpr std::chrono::seconds kFindAgainAfter{1};
// Version 1 writes a huge number for "no limit".
constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 60;
constexpr int kMostLevels = 32;

struct Files {
    const char *limit, *usage, *inactive, *active;
};
constexpr Files kVersion1{"/memory.limit_in_bytes", "/memory.usage_in_bytes", "total_inactive_file",
                          "total_active_file"};
constexpr Files kVersion2{"/memory.max", "/memory.current", "inactive_file", "active_file"};

const Files& files_of(bool is_version_1) { return is_version_1 ? kVersion1 : kVersion2; }

// Returns nullopt for "max", and for a file that cannot be read.
std::optional<std::uint64_t> number_in(const std::string& path) {
    std::ifstream file(path);
    std::string text;
    file >> text;
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end == text.data()) return std::nullopt;
    return number;
}

std::uint64_t file_pages_in(const std::string& folder, const Files& files) {
    std::ifstream file(folder + "/memory.stat");
    std::uint64_t sum = 0, value = 0;
    for (std::string name; file >> name >> value;) {
        if (name == files.inactive || name == files.active) sum += value;
    }
    return sum;
}

bool has_word(std::string_view list, std::string_view word) {
    while (!list.empty()) {
        const std::string_view next = list.substr(0, list.find(','));
        if (next == word) return true;
        list.remove_prefix(std::min(list.size(), next.size() + 1));
    }
    return false;
}

struct Mount {
    std::string root, folder;
    bool is_version_1 = false;
};

// Returns where the memory controller is mounted; version 1 comes first if both are.
std::vector<Mount> memory_mounts(const std::string& mountinfo) {
    std::vector<Mount> mounts;
    std::ifstream file(mountinfo);
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::string skipped, type, source, options;
        Mount mount;
        words >> skipped >> skipped >> skipped >> mount.root >> mount.folder;
        while (words >> skipped && skipped != "-") {
        }
        words >> type >> source >> options;
        mount.is_version_1 = type == "cgroup" && has_word(options, "memory");
        if (mount.is_version_1) mounts.insert(mounts.begin(), mount);
        if (type == "cgroup2") mounts.push_back(mount);
    }
    return mounts;
}

// Returns the path of this process's group in that hierarchy: lines "4:memory:/a/b", "0::/a/b".
std::optional<std::string> path_in(const std::string& cgroup, bool is_version_1) {
    std::ifstream file(cgroup);
    for (std::string line; std::getline(file, line);) {
        const std::size_t first = line.find(':');
        const std::size_t second = first == line.npos ? first : line.find(':', first + 1);
        if (second == line.npos) continue;
        const auto controllers = std::string_view(line).substr(first + 1, second - first - 1);
        const bool is_it = is_version_1 ? has_word(controllers, "memory") : controllers.empty();
        if (is_it) return line.substr(second + 1);
    }
    return std::nullopt;
}

// Returns `path` as seen from the mount; nullopt if the group lies outside of what is mounted.
std::optional<std::string> below_mount(std::string path, const std::string& root) {
    if (path.starts_with("/..")) return std::nullopt;
    if (root != "/") {
        if (!path.starts_with(root)) return std::nullopt;
        path.erase(0, root.size());
    }
    return path == "/" ? std::string() : path;
}

}  // namespace

std::optional<MemoryLimit::Room> MemoryLimit::room() {
    const auto now = steady_clock::now();
    if (!found_at_ || now - *found_at_ >= kFindAgainAfter) {
        find_groups();
        found_at_ = now;
    }
    std::optional<Room> least;
    for (const Group& group : groups_) {
        const Room room = room_in(group);
        if (!least || room.left < least->left) least = room;
    }
    return least;
}

void MemoryLimit::find_groups() {
    groups_.clear();
    for (const Mount& mount : memory_mounts(process_ + "/mountinfo")) {
        const auto path = path_in(process_ + "/cgroup", mount.is_version_1);
        auto below = path ? below_mount(*path, mount.root) : std::nullopt;
        for (int level = 0; below && level < kMostLevels; ++level) {
            const std::string folder = mount.folder + *below;
            const auto limit = number_in(folder + files_of(mount.is_version_1).limit);
            if (limit && *limit < kNoLimit) groups_.push_back({folder, mount.is_version_1, *limit});
            if (below->empty()) break;
            below->erase(below->rfind('/'));
        }
    }
}

MemoryLimit::Room MemoryLimit::room_in(const Group& group) {
    const Files& files = files_of(group.is_version_1);
    const std::uint64_t used = number_in(group.folder + files.usage).value_or(0);
    Room room{group.limit, group.limit - std::min(used, group.limit)};
    // The statistics take longer to read, and matter only near the limit.
    if (room.left < group.limit / 2) {
        room.left = std::min(group.limit, room.left + file_pages_in(group.folder, files));
    }
    return room;
}

}  // namespace mailslot::os
