// Rules for the values of settings, wherever they are written. The words complete "... must be".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mailslot {

inline constexpr std::string_view kHostRule =
    R"(a name of at most 255 bytes without \ / * or control characters, and not ".")";
inline constexpr std::string_view kPortRule = "a number from 1 to 65535";
inline constexpr std::string_view kFolderRule = R"(an absolute path, such as "/run/mailslot")";

// Returns true for a host or a domain, which can be the place of an address.
bool is_host(std::string_view text);
// Returns true for the name of a machine or group on the classic Windows wire: 1 to 15 characters.
// The second function wants "#" and two hexadecimal digits after the name.
bool is_netbios_name(std::string_view text);
bool is_suffixed_netbios_name(std::string_view text);
bool is_folder(std::string_view text);
// Returns nullopt unless all of the text is a whole number.
std::optional<std::int64_t> parse_whole(std::string_view text);
// Accepts "4194304", "4096KiB", "4MiB", "1GiB". Returns nullopt if the text is no size, or over 64
// bits.
std::optional<std::uint64_t> parse_size(std::string_view text);

}  // namespace mailslot
