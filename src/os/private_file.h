// Files that no other user may read.
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
    std::size_t size = 0;  // bytes read
    std::uint32_t owner = 0;
    unsigned mode = 0;  // permission bits
    bool is_regular = false;
};
// Reads the beginning of a file; follows a link. Tells the file's owner and mode, so that the
// caller can refuse the file. Returns no value if there is no file.
// Errors: no_permission, no_resources
Result<std::optional<PrivateFile>> read_private_file(const std::string& path, std::span<char> into);

enum class Belongs : std::uint8_t {
    to_this_user,
    to_folder_owner,  // if root makes the file
};
// Writes the whole file or nothing, with mode 0600 from the first moment.
// Errors: no_permission, no_resources; slot_exists if the file is there and may not be replaced
Result<void> write_private_file(const std::string& path, std::string_view text, bool may_replace,
                                Belongs belongs = Belongs::to_this_user);

// The present state of a folder; folder_state() returns nullopt if there is none.
struct FolderState {
    std::uint32_t owner = 0;
    unsigned mode = 0;
    std::uint64_t change = 0;  // changes when a file inside comes, goes or is replaced
};
std::optional<FolderState> folder_state(const std::string& path);

// Returns the names in the folder that do not begin with `.`, sorted.
// Errors: no_permission, no_resources
Result<std::vector<std::string>> names_in(const std::string& path);

}  // namespace mailslot::os
