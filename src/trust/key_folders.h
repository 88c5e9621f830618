// Keys on the disk: docs/trust.md, "Key files".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mailslot/result.h"
#include "trust/key_file.h"
#include "trust/key_ring.h"

namespace mailslot::trust {

// Of a domain that several have, the last one's file counts. A file that this user may not read
// makes a domain without a key. Errors: bad_config, for a file that is damaged, that others may
// read or write, or a folder that others may write to; no_resources.
Result<KeyRing> load_keys(const std::vector<std::string>& folders);

// One that load_keys() takes. Errors: the same, and no_permission.
Result<DomainKeys> load_key_file(const std::string& path);

// Changes when load_keys() may have another answer.
std::uint64_t change_of(const std::vector<std::string>& folders);

std::string key_path(const std::string& folder, const std::string& folded_domain);
// Makes the folder where it is missing. Errors: no_permission, no_resources, bad_config;
// slot_exists, where there is a file and it may not be replaced.
Result<void> save_key_file(const std::string& folder, const DomainKeys& keys, bool may_replace);

}  // namespace mailslot::trust
