#include "office/name_owners.h"

#include <charconv>

#include "os/folder.h"

namespace mailslot::office {
namespace {

constexpr unsigned kFolderMode = 0700, kFileMode = 0600;

std::optional<std::uint32_t> user_in(const std::string& path) {
    const auto text = os::read_small_file(path);
    if (!text || !*text) return std::nullopt;
    std::uint32_t user = 0;
    const char* const end = (*text)->data() + (*text)->size();
    const auto [at, error] = std::from_chars((*text)->data(), end, user);
    return error == std::errc() && at == end ? std::optional(user) : std::nullopt;
}

}  // namespace

NameOwners::NameOwners(const local::SlotFolder& folder, const Clock& clock)
    : folder_(folder), clock_(clock), until_(clock.now() + kTimeToComeBack) {
    for (const std::string& file : os::list_folder(folder.owners_folder())) {
        const std::string path = folder.owners_folder() + '/' + file;
        const auto user = user_in(path);
        if (user) missing_[path] = *user;
        if (!user) os::remove_file(path);
    }
}

bool NameOwners::may_have(std::string_view key, std::uint32_t user) const {
    const auto found = missing_.find(folder_.owner_path(key));
    return found == missing_.end() || found->second == user;
}

void NameOwners::note(std::string_view key, std::uint32_t user) {
    const std::string path = folder_.owner_path(key);
    const auto noted = present_.find(path);
    if (noted != present_.end() && noted->second == user) return;
    const bool is_written = missing_.erase(path) > 0;  // by the same user, see may_have()
    present_[path] = user;
    if (is_written) return;
    // A failure only makes the name free after a restart.
    if (!os::make_folder(folder_.owners_folder(), kFolderMode)) return;
    (void)os::write_small_file(path, std::to_string(user), kFileMode);
}

void NameOwners::forget(std::string_view key) {
    const auto found = present_.find(folder_.owner_path(key));
    if (found == present_.end()) return;
    os::remove_file(found->first);
    present_.erase(found);
}

void NameOwners::tick() {
    if (missing_.empty() || clock_.now() < until_) return;
    for (const auto& [path, user] : missing_) os::remove_file(path);
    missing_.clear();
}

std::optional<Clock::Instant> NameOwners::next_tick() const {
    return missing_.empty() ? std::nullopt : std::optional(until_);
}

}  // namespace mailslot::office
