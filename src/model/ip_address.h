// IPv4 and IPv6 addresses as values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mailslot {

struct IpAddress {
    enum class Family : std::uint8_t { none, v4, v6 };

    Family family = Family::none;
    std::array<std::uint8_t, 16> octets{};  // network order; v4 uses the first four
    std::uint32_t scope_id = 0;             // interface index of a link-local v6 address

    static IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
        return {Family::v4, {a, b, c, d}, 0};
    }
    bool is_loopback() const;
    bool is_link_local() const;
    bool is_unicast() const;  // not a group, 0.0.0.0 or 255.255.255.255
    bool operator==(const IpAddress&) const = default;
};

// Parses "10.0.0.7", "fe80::1", "fe80::1%3" (RFC 4291 section 2.2, RFC 4007 section 11),
// "[fe80::1]", and Windows' form of a v6 address in a UNC path, "fe80--1s3.ipv6-literal.net".
// Returns nullopt if the text is no address.
std::optional<IpAddress> parse_ip_address(std::string_view text);
std::string to_string(const IpAddress& address);  // empty for Family::none

struct Endpoint {
    IpAddress address;
    std::uint16_t port = 0;
    bool operator==(const Endpoint&) const = default;
};

}  // namespace mailslot
