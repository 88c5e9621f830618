#include "model/stream_address.h"

#include <charconv>

namespace mailslot {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr std::size_t kMostPathBytes = 107;  // room in sockaddr_un

}  // namespace

std::optional<StreamAddress> parse_stream_address(std::string_view text) {
    if (text.starts_with(kUnix)) {
        const std::string_view path = text.substr(kUnix.size());
        const bool is_path = path.starts_with('/') && path.size() <= kMostPathBytes &&
                             path.find('\0') == std::string_view::npos;
        if (!is_path) return std::nullopt;
        return StreamAddress{std::string(path), {}};
    }
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto address = parse_ip_address(text.substr(0, colon));
    const std::string_view digits = text.substr(colon + 1);
    std::uint16_t port = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, failure] = std::from_chars(digits.data(), end, port);
    const bool is_port = failure == std::errc{} && stop == end && port > 0;
    // An IPv6 address without brackets would be ambiguous: a number after its last colon may be
    // part of it.
    const bool is_plain = address && (address->family == IpAddress::Family::v4 || text[0] == '[');
    if (!is_port || !is_plain || !address->is_loopback()) return std::nullopt;
    return StreamAddress{{}, {*address, port}};
}

}  // namespace mailslot
