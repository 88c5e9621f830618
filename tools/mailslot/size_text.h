// Sizes as people write them: "64MiB".
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace mailslot::cli {

// Parses a whole number with an optional unit: B; K, KiB, M, MiB, G, GiB (of 1024); kB, MB, GB (of
// 1000). Case does not matter. Returns nullopt for anything else and for sizes that do not fit.
std::optional<std::size_t> parse_size(std::string_view text);

// Prints a size in the largest binary unit that divides it: "64MiB", "1000".
std::string size_text(std::size_t bytes);

}  // namespace mailslot::cli
