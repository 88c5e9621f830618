#include "carrier/udp/path_memory.h"

#include <algorithm>
#include <array>
#include <span>

#include "os/folder.h"
#include "os/private_file.h"
#include "os/user.h"

namespace mailslot {
namespace {

using std::chrono::microseconds;

// A network changes, and other streams come and go.
constexpr std::chrono::minutes kKept{5};
constexpr unsigned kOthersMayWrite = 022;
constexpr unsigned kFileMode = 0600, kUserFolderMode = 0700, kSystemFolderMode = 0755;

bool is_about(const wire::PathNote& note, const Way::Course& course) {
    return note.to == course.to.address && note.interface_index == course.outlet.interface_index;
}

}  // namespace

// In a folder of another user the names of files lead wherever that user wants.
bool PathMemory::may_use_folder() const {
    const auto folder = os::folder_state(settings_.dir);
    return folder && os::is_own_user(folder->owner) && (folder->mode & kOthersMayWrite) == 0;
}

// Returns the notes that are not too old.
std::vector<wire::PathNote> PathMemory::read() const {
    std::array<char, wire::kMostPathNotesBytes + 1> buffer;
    const auto read = os::read_private_file(file(), buffer);
    if (!read || !*read || !(*read)->is_regular) return {};
    if (!os::is_own_user((*read)->owner) || ((*read)->mode & kOthersMayWrite) != 0) return {};
    auto notes = wire::decode_path_notes(std::as_bytes(std::span(buffer).first((*read)->size)));
    if (!notes) return {};
    const std::int64_t now = clock_.unix_microseconds();
    std::erase_if(*notes, [now](const wire::PathNote& note) {
        return note.learned_us > now || now - note.learned_us > microseconds(kKept).count();
    });
    return *std::move(notes);
}

std::optional<PathPace::Memory> PathMemory::find(const Way::Course& course) const {
    if (!may_use_folder()) return std::nullopt;
    for (const wire::PathNote& note : read()) {
        if (!is_about(note, course)) continue;
        return PathPace::Memory{static_cast<double>(note.rate), microseconds(note.round_trip_us)};
    }
    return std::nullopt;
}

void PathMemory::keep(const Way::Course& course, const PathPace::Memory& memory) const {
    const bool is_system = settings_.dir == settings_.system_dir;
    if (!os::make_folder(settings_.dir, is_system ? kSystemFolderMode : kUserFolderMode)) return;
    if (!may_use_folder()) return;
    auto notes = read();
    std::erase_if(notes, [&](const wire::PathNote& note) { return is_about(note, course); });
    const auto rate = std::clamp(memory.rate, 1.0, static_cast<double>(wire::kMostPathRate));
    const auto round_trip = std::chrono::duration_cast<microseconds>(memory.round_trip).count();
    notes.insert(
        notes.begin(),
        {course.to.address, course.outlet.interface_index, static_cast<std::uint64_t>(rate),
         static_cast<std::uint32_t>(std::clamp<std::int64_t>(round_trip, 0, UINT32_MAX)),
         clock_.unix_microseconds()});
    // A stream needs no memory.
    (void)os::write_small_file(file(), wire::encode_path_notes(notes), kFileMode);
}

}  // namespace mailslot
