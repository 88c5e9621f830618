// NetBIOS names: docs/protocol/netbios-name.md. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "mailslot/result.h"

namespace mailslot::wire {

inline constexpr std::size_t kNetbiosNameBytes = 15;  // without the suffix
// A name without scope: length byte, letters, end.
inline constexpr std::size_t kEncodedNameBytes = 34;
// RFC 1002 section 4.1: all labels of a name, with their length bytes and the final zero.
inline constexpr std::size_t kMaxEncodedNameBytes = 255;

namespace suffix {
inline constexpr std::uint8_t kWorkstation = 0x00, kMessenger = 0x03, kServer = 0x20;
inline constexpr std::uint8_t kDomainMaster = 0x1b, kDomainControllers = 0x1c;
inline constexpr std::uint8_t kMasterBrowser = 0x1d, kElections = 0x1e;
}  // namespace suffix

struct NetbiosName {
    std::array<char, 16> bytes{};  // as on the wire: padded, the suffix last

    std::uint8_t suffix() const { return static_cast<std::uint8_t>(bytes[15]); }
    std::string_view text() const;  // without padding and suffix; borrows
    bool is_wildcard() const;       // "*"
    bool operator==(const NetbiosName&) const = default;
};

// The name "*", which every machine accepts as its own.
NetbiosName wildcard_name();

// Returns the name in upper case; nullopt unless `text` is 1 to 15 bytes of the ASCII that names
// may have.
std::optional<NetbiosName> make_netbios_name(std::string_view text, std::uint8_t suffix);
// Parses "NAME" (suffix 00) or "NAME#1D". Returns nullopt if `text` is no name.
std::optional<NetbiosName> parse_netbios_name(std::string_view text);
std::string to_string(const NetbiosName& name);  // "WINBOX#00"; outside printable ASCII \xNN

// Returns the name in upper case, for comparison; the suffix stays.
NetbiosName folded(const NetbiosName& name);
inline bool is_same_name(const NetbiosName& a, const NetbiosName& b) {
    return folded(a) == folded(b);
}

struct ScopedName {
    NetbiosName name{};
    std::string scope{};  // "EXAMPLE.COM"; mostly empty
    bool operator==(const ScopedName&) const = default;
};

enum class Pointers : std::uint8_t { refused, followed };

// Decodes the name at offset `at` of a packet and moves `at` to its end.
// Errors: bad_packet, step "name".
Result<ScopedName> decode_name(Bytes packet, std::size_t& at, Pointers pointers);
// Writes nothing if decode_name would refuse the scope.
void encode_name(ByteWriter& out, const NetbiosName& name, std::string_view scope = {});
// Returns the encoded size of a name with this scope; 0 if the scope cannot be encoded.
std::size_t encoded_name_bytes(std::string_view scope);

}  // namespace mailslot::wire
