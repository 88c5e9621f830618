// Network state that the system lets every user read, to find out why nothing arrives. Fields that
// cannot be read are empty.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "model/ip_address.h"

namespace mailslot::os {

struct UdpPortUser {
    IpAddress::Family family = IpAddress::Family::none;
    std::uint64_t inode = 0;
    std::uint64_t uid = 0;    // the user that made the socket
    std::uint64_t drops = 0;  // datagrams that its buffer had no room for
    std::int64_t pid = 0;     // 0 if this user may not look into the process
    bool is_stopped = false;  // by SIGSTOP, Ctrl-Z or a debugger
    std::string program{};
    // Other processes that hold the same socket and are stopped. A post office lends its sockets to
    // deputies, and one of these may work in place of a stopped process.
    struct Stopped {
        std::int64_t pid = 0;
        std::string program{};
    };
    std::vector<Stopped> stopped_holders{};
};

// Returns the sockets that have the port. udp_table() leaves out processes and programs.
std::vector<UdpPortUser> udp_table(std::uint16_t port);
std::vector<UdpPortUser> users_of_udp_port(std::uint16_t port);
// Returns the sockets in the text of /proc/net/udp or udp6, without their processes.
std::vector<UdpPortUser> parse_udp_table(std::string_view text, IpAddress::Family family,
                                         std::uint16_t port);

// Returns the interfaces on which any program of this machine hears the group; nullopt if unknown.
std::optional<std::vector<std::uint32_t>> joined_interfaces(const IpAddress& group);
// Returns those in the text of /proc/net/igmp or igmp6; nullopt if the text lists no interface.
std::optional<std::vector<std::uint32_t>> parse_memberships(std::string_view text,
                                                            const IpAddress& group);
// Returns whether the group is joined on that interface; nullopt if unknown.
std::optional<bool> is_joined(const IpAddress& group, std::uint32_t interface_index);

// Reads a number of /proc/sys: kernel_setting("net/core/rmem_max").
std::optional<std::int64_t> kernel_setting(const std::string& name);

// Returns whether some program keeps the clock synchronized; nullopt if unknown.
std::optional<bool> clock_is_kept();

// The rules of the packet filter, as `nft list ruleset` or `iptables -S` prints them. No value if
// this user may not read them, or if neither program is installed.
struct FilterRules {
    bool is_nft = true;
    std::string text{};
};
std::optional<FilterRules> filter_rules();

// Sends a datagram to an address and waits for a report that it cannot arrive. Returns that
// report's errno: ECONNREFUSED if the machine is there and no program has the port. Returns 0 if no
// report came.
int probe_address(const Endpoint& to, Bytes datagram, std::chrono::milliseconds patience);

}  // namespace mailslot::os
