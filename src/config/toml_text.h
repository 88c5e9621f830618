// Values as TOML has them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mailslot {

// Returns a basic string (TOML 1.0, "String").
std::string toml_text(const std::string& text);
std::string toml_list(const std::vector<std::string>& texts);
// Returns a number, or a string with the largest unit that fits: "4MiB".
std::string toml_size(std::uint64_t bytes);

}  // namespace mailslot
