// Files that nobody else may read.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mailslot/result.h"

namespace mailslot::os {

struct PrivateFile {
    std::size_t size = 0;  // of what was read
    std::uint32_t owner = 0;
    unsigned mode = 0;  // permission bits
    bool is_regular = false;
};
// Reads the beginning of a file; a link is followed. Says what it is, so that the caller can
// refuse it. No value: there is none. Errors: no_permission, no_resources.
Result<std::optional<PrivateFile>> read_private_file(const std::string& path, std::span<char> into);

enum class Belongs : std::uint8_t {
    to_this_user,
    to_folder_owner,  // where root makes it
};
// Whole or not at all, mode 0600 from its first moment. Errors: no_permission, no_resources;
// slot_exists, where it is there and may not be replaced.
Result<void> write_private_file(const std::string& path, std::string_view text, bool may_replace,
                                Belongs belongs = Belongs::to_this_user);

// A folder as it is now. No value: there is none.
struct FolderState {
    std::uint32_t owner = 0;
    unsigned mode = 0;
    std::uint64_t change = 0;  // another number when a file in it came, went or was replaced
};
std::optional<FolderState> folder_state(const std::string& path);

// The names in it but for those that begin with `.`, in order. Errors: no_permission.
Result<std::vector<std::string>> names_in(const std::string& path);

}  // namespace mailslot::os
