#include "os/look_up_host.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <memory>

#include "os/fork_guard.h"
#include "os/interfaces.h"
#include "os/linux/socket_address.h"

namespace mailslot::os {
namespace {

using Entries = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

// Bytes read of the hosts file. Larger files are block lists; a site's machines stand at its
// beginning.
constexpr std::size_t kMaxHostsFileBytes = 1024 * 1024;
constexpr std::uint16_t kAnyPort = 9;  // for connect(), which sends nothing

Entries ask(const std::string& host, int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_DGRAM;
    hints.ai_flags = flags;
    addrinfo* raw = nullptr;
    if (getaddrinfo(host.c_str(), nullptr, &hints, &raw) != 0) raw = nullptr;
    return {raw, &freeaddrinfo};
}

bool is_read_as_number(const std::string& host) {
    return ask(host, AI_NUMERICHOST) != nullptr && !parse_ip_address(host);
}

constexpr std::string_view kBlanks = " \t\r";

std::string_view take_word(std::string_view& line) {
    const std::size_t begin = std::min(line.find_first_not_of(kBlanks), line.size());
    line.remove_prefix(begin);
    const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
    line.remove_prefix(word.size());
    return word;
}

bool is_same_name(std::string_view a, std::string_view b) {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::ranges::equal(a, b, {}, lower, lower);
}

// Returns whether the address is the broadcast address of a network of this machine: all ones
// behind the prefix, or all zeroes.
bool is_broadcast(const IpAddress& address) {
    const auto interfaces = list_interfaces();
    if (!interfaces || address.family != IpAddress::Family::v4) return false;
    const auto number = [](const IpAddress& a) {
        return a.octets[0] << 24 | a.octets[1] << 16 | a.octets[2] << 8 | a.octets[3];
    };
    for (const Interface& interface : *interfaces) {
        for (std::size_t i = 0; i < interface.ipv4.size(); ++i) {
            const int host_bits = 32 - interface.ipv4_prefixes[i];
            // A network of one or two machines has no broadcasts.
            if (host_bits < 2 || host_bits > 31) continue;
            const auto mask = (std::uint32_t{1} << host_bits) - 1;
            const auto ours = static_cast<std::uint32_t>(number(interface.ipv4[i]));
            const auto asked = static_cast<std::uint32_t>(number(address));
            if (((ours ^ asked) & ~mask) != 0) continue;
            if ((asked & mask) == mask || (asked & mask) == 0) return true;
        }
    }
    return false;
}

// Returns whether the error means that there is no way. Other errors tell nothing about the
// address.
bool says_no_route(int os_code) {
    return os_code == ENETUNREACH || os_code == EHOSTUNREACH || os_code == ENETDOWN ||
           os_code == EACCES || os_code == EINVAL || os_code == EADDRNOTAVAIL ||
           os_code == EAFNOSUPPORT;
}

}  // namespace

HostAnswer look_up_host(const std::string& host) {
    if (is_read_as_number(host)) return look_up_in_hosts_file(host);
    const Entries entries = ask(host, AI_ADDRCONFIG | AI_CANONNAME);
    HostAnswer answer;
    for (const addrinfo* e = entries.get(); e != nullptr; e = e->ai_next) {
        const IpAddress address = to_endpoint(e->ai_addr).address;
        if (address.family != IpAddress::Family::none) answer.addresses.push_back(address);
        if (e->ai_canonname != nullptr) answer.canonical_name = e->ai_canonname;
    }
    return answer;
}

HostAnswer look_up_in_hosts_file(const std::string& host) {
    std::ifstream file("/etc/hosts", std::ios::binary);
    std::string text(kMaxHostsFileBytes, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
    return find_in_hosts(text, host);
}

HostAnswer find_in_hosts(std::string_view text, std::string_view host) {
    HostAnswer answer;
    if (host.size() > 1 && host.ends_with('.')) host.remove_suffix(1);
    while (!text.empty() && !host.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, std::min(text.find('#'), end));
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::string_view address_text = take_word(line);
        std::string_view first;
        for (auto name = take_word(line); !name.empty(); name = take_word(line)) {
            if (first.empty()) first = name;
            if (!is_same_name(name, host)) continue;
            const auto address = parse_ip_address(address_text);
            if (address && answer.addresses.empty()) answer.canonical_name = first;
            if (address) answer.addresses.push_back(*address);
            break;
        }
    }
    return answer;
}

AddressUse use_of(const IpAddress& address) {
    if (!address.is_unicast()) return AddressUse::no_host;
    if (address.is_loopback()) return AddressUse::this_machine;
    const int domain = address.family == IpAddress::Family::v4 ? AF_INET : AF_INET6;
    const bool is_on_any_link =
        domain == AF_INET6 && address.is_link_local() && address.scope_id == 0;
    const GuardedFd fd =
        GuardedFd::make([domain] { return socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, 0); });
    if (!fd) return says_no_route(errno) ? AddressUse::no_route : AddressUse::another_host;
    const SocketAddress own = to_socket_address({address, 0});
    // bind() fails if the address is not ours, which spares the longer look.
    const bool may_be_ours =
        is_on_any_link ||
        bind(fd.number(), reinterpret_cast<const sockaddr*>(&own.storage), own.size) == 0;
    if (may_be_ours && is_own_address(address)) return AddressUse::this_machine;
    if (is_on_any_link) return AddressUse::another_host;
    const GuardedFd way =
        GuardedFd::make([domain] { return socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, 0); });
    if (!way) return AddressUse::another_host;
    const SocketAddress there = to_socket_address({address, kAnyPort});
    if (connect(way.number(), reinterpret_cast<const sockaddr*>(&there.storage), there.size) == 0) {
        return AddressUse::another_host;
    }
    const int os_code = errno;
    if (os_code == EACCES && is_broadcast(address)) return AddressUse::no_host;
    return says_no_route(os_code) ? AddressUse::no_route : AddressUse::another_host;
}

}  // namespace mailslot::os
