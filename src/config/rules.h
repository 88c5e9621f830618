// What a setting may hold, wherever it is written. The words complete "... must be".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mailslot {

inline constexpr std::string_view kHostRule =
    R"(a name of at most 255 bytes without \ / * or control characters, and not ".")";
inline constexpr std::string_view kPortRule = "a number from 1 to 65535";
inline constexpr std::string_view kFolderRule = R"(an absolute path, such as "/run/mailslot")";

// A host or a domain: what can stand as the place of an address.
bool is_host(std::string_view text);
// What a machine or group can be called on the classic Windows wire; with "#" and two hexadecimal
// digits behind it.
bool is_netbios_name(std::string_view text);
bool is_suffixed_netbios_name(std::string_view text);
bool is_folder(std::string_view text);
std::optional<std::uint16_t> port_from(std::int64_t number);
std::optional<std::uint16_t> parse_port(std::string_view text);
// "4194304", "4096KiB", "4MiB", "1GiB". No value: not a size, or over 64 bits.
std::optional<std::uint64_t> parse_size(std::string_view text);

}  // namespace mailslot
