#include "os/network_state.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "os/fork_guard.h"
#include "os/linux/socket_address.h"

namespace mailslot::os {
namespace {

using Family = IpAddress::Family;
namespace fs = std::filesystem;

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    if (file) text << file.rdbuf();
    return text.str();
}

std::string hex_of(std::uint8_t octet) {
    std::array<char, 3> text;
    std::snprintf(text.data(), text.size(), "%02x", octet);
    return text.data();
}

// "/proc/7/fd/3" -> "socket:[1234]"
std::uint64_t socket_inode(const fs::path& descriptor) {
    std::error_code error;
    const std::string target = fs::read_symlink(descriptor, error).string();
    if (error || !target.starts_with("socket:[")) return 0;
    return std::strtoull(target.c_str() + 8, nullptr, 10);
}

// The stat file holds "7 (name) T ...", where the name may contain any character.
bool is_stopped(const fs::path& process) {
    const std::string state = text_of((process / "stat").string());
    const auto end = state.rfind(") ");
    return end != state.npos && (state[end + 2] == 'T' || state[end + 2] == 't');
}

std::string program_of(const fs::path& process) {
    std::string program = text_of((process / "comm").string());
    while (program.ends_with('\n')) program.pop_back();
    return program;
}

// Adds a process that holds the socket. The user is preferably a running process other than this
// one.
void add_holder(UdpPortUser& user, std::int64_t pid, const fs::path& process) {
    UdpPortUser holder = user;
    holder.pid = pid;
    holder.program = program_of(process);
    holder.is_stopped = is_stopped(process);
    const bool is_better =
        user.pid == 0 ||
        (pid != getpid() && (user.pid == getpid() || (user.is_stopped && !holder.is_stopped)));
    const UdpPortUser& other = is_better ? user : holder;
    if (other.pid != 0 && other.is_stopped) {
        holder.stopped_holders.push_back({other.pid, other.program});
    }
    if (!is_better) std::swap(holder.stopped_holders, user.stopped_holders);
    if (is_better) user = std::move(holder);
}

void find_owners(std::vector<UdpPortUser>& users) {
    std::error_code error;
    for (const fs::directory_entry& process : fs::directory_iterator("/proc", error)) {
        const std::string name = process.path().filename().string();
        if (name.find_first_not_of("0123456789") != name.npos) continue;
        const std::int64_t pid = std::strtoll(name.c_str(), nullptr, 10);
        std::error_code closed;
        for (const auto& descriptor : fs::directory_iterator(process.path() / "fd", closed)) {
            const std::uint64_t inode = socket_inode(descriptor.path());
            if (inode == 0) continue;
            for (UdpPortUser& user : users) {
                if (user.inode != inode || user.pid == pid) continue;
                add_holder(user, pid, process.path());
            }
        }
    }
}

// Returns the output of a system command; nullopt if the command failed.
std::optional<std::string> output_of(const std::string& command) {
    const std::string line = "PATH=\"$PATH:/usr/sbin:/sbin\"; " + command + " 2>/dev/null";
    FILE* const pipe = popen(line.c_str(), "re");
    if (pipe == nullptr) return std::nullopt;
    std::string text;
    std::array<char, 4096> buffer;
    for (std::size_t count; (count = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
        text.append(buffer.data(), count);
    }
    if (pclose(pipe) != 0) return std::nullopt;
    return text;
}

}  // namespace

std::vector<UdpPortUser> parse_udp_table(std::string_view text, Family family, std::uint16_t port) {
    std::vector<UdpPortUser> users;
    std::istringstream lines{std::string(text)};
    std::string line;
    std::getline(lines, line);  // headings
    while (std::getline(lines, line)) {
        std::istringstream fields(line);
        std::array<std::string, 13> field;
        for (std::string& each : field) fields >> each;
        const auto colon = field[1].find(':');
        if (!fields || colon == std::string::npos) continue;
        if (std::strtoul(field[1].c_str() + colon + 1, nullptr, 16) != port) continue;
        users.push_back({.family = family,
                         .inode = std::strtoull(field[9].c_str(), nullptr, 10),
                         .uid = std::strtoull(field[7].c_str(), nullptr, 10),
                         .drops = std::strtoull(field[12].c_str(), nullptr, 10)});
    }
    return users;
}

std::vector<UdpPortUser> udp_table(std::uint16_t port) {
    auto users = parse_udp_table(text_of("/proc/self/net/udp"), Family::v4, port);
    const auto v6 = parse_udp_table(text_of("/proc/self/net/udp6"), Family::v6, port);
    users.insert(users.end(), v6.begin(), v6.end());
    return users;
}

std::vector<UdpPortUser> users_of_udp_port(std::uint16_t port) {
    auto users = udp_table(port);
    if (!users.empty()) find_owners(users);
    return users;
}

std::optional<std::vector<std::uint32_t>> parse_memberships(std::string_view text,
                                                            const IpAddress& group) {
    const bool v4 = group.family == Family::v4;
    std::istringstream lines{std::string(text)};
    std::string wanted;
    if (v4) {  // a number in the processor's byte order, in capitals
        std::uint32_t number = 0;
        std::memcpy(&number, group.octets.data(), sizeof number);
        std::array<char, 9> hex;
        std::snprintf(hex.data(), hex.size(), "%08X", number);
        wanted = hex.data();
    } else {
        for (const std::uint8_t octet : group.octets) wanted += hex_of(octet);
    }
    std::uint32_t index = 0;
    bool any = false;
    std::vector<std::uint32_t> joined;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream fields(line);
        std::string first, second, third;
        fields >> first >> second >> third;
        const bool is_heading = !line.empty() && line[0] >= '0' && line[0] <= '9';
        if (is_heading) {
            index = static_cast<std::uint32_t>(std::strtoul(first.c_str(), nullptr, 10));
            any = true;
        }
        const std::string& listed = v4 ? first : third;
        if (listed == wanted && (!v4 || !is_heading)) joined.push_back(index);
    }
    return any ? std::optional(joined) : std::nullopt;
}

std::optional<std::vector<std::uint32_t>> joined_interfaces(const IpAddress& group) {
    const bool v4 = group.family == Family::v4;
    return parse_memberships(text_of(v4 ? "/proc/self/net/igmp" : "/proc/self/net/igmp6"), group);
}

std::optional<bool> is_joined(const IpAddress& group, std::uint32_t interface_index) {
    const auto joined = joined_interfaces(group);
    if (!joined) return std::nullopt;
    return std::ranges::count(*joined, interface_index) > 0;
}

std::optional<std::int64_t> kernel_setting(const std::string& name) {
    std::ifstream file("/proc/sys/" + name);
    std::int64_t value = 0;
    if (!(file >> value)) return std::nullopt;
    return value;
}

std::optional<bool> clock_is_kept() {
    timex state{};
    const int clock = adjtimex(&state);
    if (clock < 0) return std::nullopt;
    return clock != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

std::optional<FilterRules> filter_rules() {
    if (auto nft = output_of("nft list ruleset")) return FilterRules{true, std::move(*nft)};
    auto ipv4 = output_of("iptables -S");
    if (!ipv4) return std::nullopt;
    return FilterRules{false, *ipv4 + output_of("ip6tables -S").value_or("")};
}

int probe_address(const Endpoint& to, Bytes datagram, std::chrono::milliseconds patience) {
    const int domain = to.address.family == Family::v4 ? AF_INET : AF_INET6;
    const GuardedFd fd =
        GuardedFd::make([domain] { return socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, 0); });
    const SocketAddress address = to_socket_address(to);
    if (!fd) return errno;
    // Without this, only ECONNREFUSED would be reported, not that the machine is unreachable.
    const int on = 1;
    if (to.address.family == Family::v4) {
        setsockopt(fd.number(), IPPROTO_IP, IP_RECVERR, &on, sizeof on);
    } else {
        setsockopt(fd.number(), IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
    }
    if (connect(fd.number(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) !=
            0 ||
        send(fd.number(), datagram.data(), datagram.size(), 0) < 0) {
        return errno;
    }
    pollfd entry{fd.number(), POLLIN, 0};
    if (poll(&entry, 1, static_cast<int>(patience.count())) <= 0) return 0;
    std::array<std::byte, 1> byte;
    return recv(fd.number(), byte.data(), byte.size(), MSG_DONTWAIT) < 0 ? errno : 0;
}

}  // namespace mailslot::os
