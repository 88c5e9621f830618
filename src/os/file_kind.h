// What stands at a path.
#pragma once

#include <cstdint>
#include <string>

namespace mailslot::os {

// The null device counts as a file: an empty one.
enum class FileKind : std::uint8_t { missing, file, folder, pipe, socket, device };

// Follows links. `missing`: also where the path cannot be looked at.
FileKind kind_of(const std::string& path);
// Returns false also where the path cannot be looked at.
bool is_missing(const std::string& path);

}  // namespace mailslot::os
