#include "model/ip_address.h"

#include <algorithm>
#include <charconv>

#include "model/ip_text.h"

namespace mailslot {
namespace {

constexpr std::string_view kLiteralSuffix = ".ipv6-literal.net";
constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Turns "fe80--1s3.ipv6-literal.net" into "fe80::1%3". A UNC path may contain neither colon nor
// percent sign.
std::optional<std::string> undo_literal(std::string_view text) {
    if (text.size() <= kLiteralSuffix.size()) return std::nullopt;
    std::string address(text);
    std::transform(address.begin(), address.end(), address.begin(), lower);
    if (!address.ends_with(kLiteralSuffix)) return std::nullopt;
    address.resize(address.size() - kLiteralSuffix.size());
    if (address.find_first_of(":%.") != std::string::npos) return std::nullopt;
    std::replace(address.begin(), address.end(), '-', ':');
    std::replace(address.begin(), address.end(), 's', '%');
    return address;
}

std::optional<std::uint32_t> parse_scope_id(std::string_view text) {
    std::uint32_t scope_id = 0;
    const char* end = text.data() + text.size();
    const auto [stop, failed] = std::from_chars(text.data(), end, scope_id);
    if (failed != std::errc{} || stop != end) return std::nullopt;
    return scope_id;
}

bool is_mapped_v4(const IpAddress& address) {
    return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.octets.begin());
}

// Returns whether the same address may exist on several interfaces, so that a scope id is needed.
bool takes_scope_id(const IpAddress& address) {
    const bool narrow_multicast = address.octets[0] == 0xFF && ((address.octets[1] & 0x0F) == 1 ||
                                                                (address.octets[1] & 0x0F) == 2);
    return narrow_multicast || address.is_link_local();
}

std::optional<IpAddress> parse_v4(const std::string& text) {
    IpAddress address{IpAddress::Family::v4};
    if (!read_v4(text, address.octets)) return std::nullopt;
    return address;
}

std::optional<IpAddress> parse_v6(std::string text) {
    IpAddress address{IpAddress::Family::v6};
    const std::size_t percent = text.find('%');
    if (percent != std::string::npos) {
        const auto scope_id = parse_scope_id(std::string_view(text).substr(percent + 1));
        if (!scope_id) return std::nullopt;
        address.scope_id = *scope_id;
        text.resize(percent);
    }
    if (!read_v6(text, address.octets)) return std::nullopt;
    if (percent != std::string::npos && !takes_scope_id(address)) return std::nullopt;
    if (!is_mapped_v4(address)) return address;
    const auto& octets = address.octets;
    return IpAddress::v4(octets[12], octets[13], octets[14], octets[15]);
}

}  // namespace

bool IpAddress::is_loopback() const {
    if (family == Family::v4) return octets[0] == 127;
    constexpr std::array<std::uint8_t, 16> kLoopback{0, 0, 0, 0, 0, 0, 0, 0,
                                                     0, 0, 0, 0, 0, 0, 0, 1};
    return family == Family::v6 && octets == kLoopback;
}

bool IpAddress::is_link_local() const {
    if (family == Family::v4) return octets[0] == 169 && octets[1] == 254;
    return family == Family::v6 && octets[0] == 0xFE && (octets[1] & 0xC0) == 0x80;
}

bool IpAddress::is_unicast() const {
    if (family == Family::v4) {
        // Excludes "this network" (RFC 1122 section 3.2.1.3), groups, and the reserved addresses
        // above them.
        constexpr std::uint8_t kFirstGroup = 224;
        return octets[0] != 0 && octets[0] < kFirstGroup;
    }
    return family == Family::v6 && octets[0] != 0xFF && octets != decltype(octets){};
}

std::optional<IpAddress> parse_ip_address(std::string_view text) {
    if (text.find('\0') != std::string_view::npos)
        return std::nullopt;  // the system would stop there
    if (auto literal = undo_literal(text)) return parse_v6(std::move(*literal));
    if (text.size() >= 2 && text.front() == '[' && text.back() == ']')
        return parse_v6(std::string(text.substr(1, text.size() - 2)));
    if (text.find(':') != std::string_view::npos) return parse_v6(std::string(text));
    return parse_v4(std::string(text));
}

std::string to_string(const IpAddress& address) {
    if (address.family == IpAddress::Family::none) return {};
    std::string text = address.family == IpAddress::Family::v4 ? write_v4(address.octets)
                                                               : write_v6(address.octets);
    if (address.scope_id != 0) text += '%' + std::to_string(address.scope_id);
    return text;
}

}  // namespace mailslot
