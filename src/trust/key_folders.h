// Key files in folders: docs/trust.md, "Key files".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mailslot/result.h"
#include "trust/key_file.h"
#include "trust/key_ring.h"

namespace mailslot::trust {

// Loads the keys in all folders. If several folders have a key for a domain, the last folder wins.
// A file that this user may not read gives a domain without a key.
// Errors: bad_config if a file is damaged or others may read or write it, or if others may write to
// a folder, no_resources.
Result<KeyRing> load_keys(const std::vector<std::string>& folders);

// Loads a file by the same rules.
// Errors: as load_keys, and no_permission.
Result<DomainKeys> load_key_file(const std::string& path);

// Returns a number that changes when load_keys() may have a new result.
std::uint64_t change_of(const std::vector<std::string>& folders);

std::string key_path(const std::string& folder, const std::string& folded_domain);
// Creates the folder if necessary.
// Errors: no_permission, no_resources, bad_config, slot_exists if the file exists and `may_replace`
// is false.
Result<void> save_key_file(const std::string& folder, const DomainKeys& keys, bool may_replace);

}  // namespace mailslot::trust
