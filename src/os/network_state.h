// What the system knows of its network and lets everybody read: for finding out why nothing
// arrives. Whatever cannot be read is empty.
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
    std::uint64_t uid = 0;    // who made the socket
    std::uint64_t drops = 0;  // datagrams that its buffer had no room for
    std::int64_t pid = 0;     // 0: a process that this user may not look into
    bool is_stopped = false;  // by SIGSTOP, Ctrl-Z or a debugger
    std::string program{};
    // Other processes that have the same socket and are stopped: a post office lends its sockets to
    // deputies, and one of those may work in the place of a stopped one.
    struct Stopped {
        std::int64_t pid = 0;
        std::string program{};
    };
    std::vector<Stopped> stopped_holders{};
};

// Sockets that have the port; of udp_table() without processes and programs.
std::vector<UdpPortUser> udp_table(std::uint16_t port);
std::vector<UdpPortUser> users_of_udp_port(std::uint16_t port);
// Those in the text of /proc/net/udp or udp6, without their processes.
std::vector<UdpPortUser> parse_udp_table(std::string_view text, IpAddress::Family family,
                                         std::uint16_t port);

// The interfaces on which any program of this machine hears the group; no value: unknown.
std::optional<std::vector<std::uint32_t>> joined_interfaces(const IpAddress& group);
// Those in the text of /proc/net/igmp or igmp6. No value: the text lists no interface.
std::optional<std::vector<std::uint32_t>> parse_memberships(std::string_view text,
                                                            const IpAddress& group);
// Whether that interface is one of them; no value: unknown.
std::optional<bool> is_joined(const IpAddress& group, std::uint32_t interface_index);

// A number of /proc/sys: kernel_setting("net/core/rmem_max").
std::optional<std::int64_t> kernel_setting(const std::string& name);

// Whether something keeps the clock right; no value: unknown.
std::optional<bool> clock_is_kept();

// The rules of the packet filter, as `nft list ruleset` or `iptables -S` print them; no value: this
// user may not read them, or there is neither program.
struct FilterRules {
    bool is_nft = true;
    std::string text{};
};
std::optional<FilterRules> filter_rules();

// Sends one datagram to an address and waits for word that it cannot arrive: errno, ECONNREFUSED
// where the machine is there and nobody has the port. 0: no word came.
int probe_address(const Endpoint& to, Bytes datagram, std::chrono::milliseconds patience);

}  // namespace mailslot::os
